/**
 * A headless Chromium for tests: `CHROMIUM`, or one of the path.
 *
 * Where there is none, what needs one is left out and the run says so; on CI that is a failure.
 */
import { existsSync } from "node:fs"
import { delimiter, join } from "node:path"
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { chromium } from "playwright-core"

const folders = (process.env["PATH"] ?? "").split(delimiter)
const executablePath = [
  process.env["CHROMIUM"] ?? "",
  ...folders.flatMap((folder) => ["chromium", "chromium-browser", "google-chrome"].map((name) => join(folder, name)))
].find((path) => path !== "" && existsSync(path))

/** Describes what needs a Chromium, where there is one. */
export const describeChromium = (name: string, facts: () => void): void => {
  if (executablePath !== undefined) return void describe(name, facts)
  const missing = "no Chromium is installed here (Debian: apt-get install chromium; or CHROMIUM=its path)"
  if (process.env["CI"]) return void it(`${name} has a Chromium to run in`, () => assert.fail(missing))
  console.log(`left out: ${name}: ${missing}`)
  it.skip(`${name} (${missing})`, () => {})
}

/** A page of its own, in the dark; root may run no sandbox of Chromium's, and what it opens here is our own. */
export const page = Effect.map(
  Effect.acquireRelease(
    Effect.promise(() => chromium.launch({ executablePath: executablePath ?? "", args: ["--no-sandbox"] })),
    (browser) => Effect.promise(() => browser.close())
  ).pipe(Effect.flatMap((browser) => Effect.promise(() => browser.newPage({ colorScheme: "dark" })))),
  (page) => {
    page.setDefaultTimeout(10_000)
    return page
  }
)
