/**
 * A headless Chromium for tests: `CHROMIUM`, or one of the path.
 *
 * Where there is none, what needs one is left out and the run says so; on CI that is a failure.
 */
import { existsSync } from "node:fs"
import { delimiter, join } from "node:path"
import { afterAll, assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { type Browser, type BrowserContextOptions, chromium } from "playwright-core"

const folders = (process.env["PATH"] ?? "").split(delimiter)
const executablePath = [
  process.env["CHROMIUM"] ?? "",
  ...folders.flatMap((folder) => ["chromium", "chromium-browser", "google-chrome"].map((name) => join(folder, name)))
].find((path) => path !== "" && existsSync(path))

let launched: Promise<Browser> | undefined

/** Root may run no sandbox of Chromium's, and what it opens here is our own. */
const browser = () => (launched ??= chromium.launch({ executablePath: executablePath ?? "", args: ["--no-sandbox"] }))

/** Describes what needs a Chromium, where there is one: one for all of it. */
export const describeChromium = (name: string, facts: () => void): void => {
  if (executablePath !== undefined) {
    return void describe(name, () => {
      afterAll(async () => (await launched)?.close())
      facts()
    })
  }
  const missing = "no Chromium is installed here (Debian: apt-get install chromium; or CHROMIUM=its path)"
  if (process.env["CI"]) return void it(`${name} has a Chromium to run in`, () => assert.fail(missing))
  console.log(`left out: ${name}: ${missing}`)
  it.skip(`${name} (${missing})`, () => {})
}

/** A page of its own, in the dark, with nothing that another has left behind. Close it before its server. */
export const pageWith = (options: BrowserContextOptions) =>
  Effect.map(
    Effect.acquireRelease(
      Effect.promise(async () => (await browser()).newContext({ colorScheme: "dark", ...options })),
      (context) => Effect.promise(() => context.close())
    ).pipe(Effect.flatMap((context) => Effect.promise(() => context.newPage()))),
    (page) => {
      page.setDefaultTimeout(10_000)
      return page
    }
  )

export const page = pageWith({})
