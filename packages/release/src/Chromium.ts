/** The limiter and a client in headless Chromium, with the browser's own `fetch`, against a simulation on 127.0.0.1. */
import { existsSync } from "node:fs"
import { createServer } from "node:http"
import type { AddressInfo } from "node:net"
import { delimiter, join } from "node:path"
import process from "node:process"
import { simulation } from "@sluice/providers/attio/simulation"
import { Simulator } from "@sluice/simulator"
import { Effect, type Scope } from "effect"
import { type Browser, chromium } from "playwright-core"
import type { Seen } from "./consumer/page.ts"
import * as Progress from "./Progress.ts"
import type { Report } from "./Report.ts"
import { bundle } from "./Size.ts"

const calls = 150

export const check = async (): Promise<Report> => {
  const executablePath = executable()
  if (executablePath === undefined) {
    const what = "Chromium: none is installed here (Debian: apt-get install chromium; or CHROMIUM=its path)"
    return { tables: [], failures: process.env["CI"] ? [what] : [], leftOut: process.env["CI"] ? [] : [what] }
  }
  const page = join(import.meta.dirname, "consumer/page.ts")
  const script = await Progress.step("bundle the page", () =>
    bundle(`import ${JSON.stringify(page)}`, { isEffectOut: false })
  )
  const { seen, stats, version } = await Progress.step(`${calls} requests in Chromium`, () =>
    Effect.runPromise(Effect.scoped(visit(executablePath, script)))
  )
  const counted = stats.quotas["attio"]?.["reads"]?.counted ?? 0
  const answered = seen.statuses["200"] ?? 0
  const holds = answered === calls && counted === calls && stats.refusals === 0
  return {
    tables: [
      {
        title: `Chromium ${version}: RateLimiter and Attio.layer over fetch`,
        columns: ["requests", "answered 200", "counted by the server", "refused", "took"],
        rows: [[calls, answered, counted, stats.refusals, Progress.seconds(seen.millis)].map(String)]
      }
    ],
    failures: holds
      ? []
      : [
          `Chromium: the page saw ${JSON.stringify(seen.statuses)}, the server ${JSON.stringify({ counted, refusals: stats.refusals })}`
        ],
    leftOut: []
  }
}

const executable = (): string | undefined => {
  const folders = (process.env["PATH"] ?? "").split(delimiter)
  const names = ["chromium", "chromium-browser", "google-chrome"]
  const found = folders.flatMap((folder) => names.map((name) => join(folder, name)))
  return [process.env["CHROMIUM"] ?? "", ...found].find((path) => path !== "" && existsSync(path))
}

const visit = Effect.fnUntraced(function* (executablePath: string, script: string) {
  const served = yield* Simulator.serve(
    simulation,
    { latency: { before: "10 millis", after: "10 millis" } },
    { cors: true }
  )
  const address = yield* pageServer(script)
  const browser = yield* launch(executablePath)
  const seen = yield* Effect.promise(async () => {
    const page = await browser.newPage()
    await page.goto(address)
    return (await page.evaluate(`run(${JSON.stringify(served.url)}, ${calls})`)) as Seen
  }).pipe(Effect.timeout("60 seconds"))
  return { seen, stats: yield* served.stats, version: browser.version() }
})

/** Root may run no sandbox of Chromium's, and what it opens here is our own page. */
const launch = (executablePath: string): Effect.Effect<Browser, never, Scope.Scope> =>
  Effect.acquireRelease(
    Effect.promise(() => chromium.launch({ executablePath, args: ["--no-sandbox"] })),
    (browser) => Effect.promise(() => browser.close())
  )

/** Another origin than the simulation's, as a page's is. */
const pageServer = (script: string): Effect.Effect<string, never, Scope.Scope> =>
  Effect.map(
    Effect.acquireRelease(
      Effect.callback<ReturnType<typeof createServer>>((resume) => {
        const server = createServer((request, response) => {
          const isScript = request.url === "/page.js"
          response.setHeader("content-type", isScript ? "text/javascript" : "text/html")
          response.end(isScript ? script : '<!doctype html><script type="module" src="/page.js"></script>')
        })
        server.listen(0, "127.0.0.1", () => resume(Effect.succeed(server)))
      }),
      (server) => Effect.sync(() => server.close())
    ),
    (server) => `http://127.0.0.1:${(server.address() as AddressInfo).port}/`
  )
