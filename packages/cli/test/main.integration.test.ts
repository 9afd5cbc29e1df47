import { execFile } from "node:child_process"
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises"
import { createServer, type Server } from "node:http"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { assert, describe, it } from "@effect/vitest"
import { Plan } from "@sluice/planner/Plan"
import { Effect, Schema } from "effect"

const main = fileURLToPath(new URL("../src/main.ts", import.meta.url))

const sluice = (...args: ReadonlyArray<string>) => told("", ...args)

/** Tells it something by its standard input. */
const told = (input: string, ...args: ReadonlyArray<string>) =>
  Effect.callback<{ readonly code: number | string; readonly stdout: string; readonly stderr: string }>((resume) => {
    const child = execFile(process.execPath, ["--conditions=@sluice/source", main, ...args], (error, stdout, stderr) =>
      resume(Effect.succeed({ code: error?.code ?? 0, stdout, stderr }))
    )
    child.stdin?.end(input)
  })

const temporary = Effect.acquireRelease(
  Effect.promise(() => mkdtemp(join(tmpdir(), "sluice-"))),
  (folder) => Effect.promise(() => rm(folder, { recursive: true }))
)

/** An address that answers with these headers. */
const answering = (headers: Readonly<Record<string, string>>) =>
  Effect.acquireRelease(
    Effect.callback<Server>((resume) => {
      const server = createServer((_request, response) => response.writeHead(200, { ...headers }).end("[]"))
      server.listen(0, "127.0.0.1", () => resume(Effect.succeed(server)))
    }),
    (server) => Effect.sync(() => void server.close())
  ).pipe(
    Effect.map((server) => {
      const address = server.address()
      return `http://127.0.0.1:${typeof address === "object" && address ? address.port : 0}/items`
    })
  )

describe("sluice", () => {
  it.live("does the work of one provider both ways, prints one document and writes the report", () =>
    Effect.gen(function* () {
      const report = join(yield* temporary, "report.html")
      const args = ["demo", "attio", "--calls", "120", "--budget", "3", "--json", "--report", report]
      const { code, stderr, stdout } = yield* sluice(...args)
      assert.strictEqual(stderr, "")
      assert.strictEqual(code, 0)
      const { isNeverRefused, providers } = JSON.parse(stdout)
      assert.isTrue(isNeverRefused)
      assert.lengthOf(providers, 1)
      const [{ id, peculiarities, sample, sluice: ours }] = providers
      assert.strictEqual(id, "attio")
      assert.deepInclude(ours, { calls: 120, done: 120, requests: 120, refusals: 0, wasted: 0, failures: [] })
      assert.strictEqual(sample.wasted, sample.requests - sample.done)
      // Stopped by its budget on a busy machine, it may have answers on their way.
      assert.isAtMost(sample.refusals, sample.wasted)
      // One window is full at once, and the rest of the work has to wait for another.
      assert.isAtLeast(ours.elapsedMillis, ours.bestMillis)
      assert.isAtMost(ours.share, 1)
      assert.match(JSON.stringify(peculiarities), /AttioRateLimited.*refused at once, nothing sent.*0 requests sent/)
      const page = yield* Effect.promise(() => readFile(report, "utf8"))
      assert.match(page, /<h2>Attio/)
    }).pipe(Effect.scoped)
  )

  it.live("plans the work of a policy in a file, as data and as a page", () =>
    Effect.gen(function* () {
      const folder = yield* temporary
      const policy = join(folder, "policy.json")
      const quota = { name: "second", kind: "rolling", limit: 20, window: "1 second", source: "the contract" }
      yield* Effect.promise(() => writeFile(policy, JSON.stringify({ provider: "example", quotas: [quota] })))
      const page = join(folder, "plan.html")
      const args = ["plan", "--policy", policy, "--calls", "10000000", "--workers", "8", "--latency", "50ms"]
      const { code, stderr, stdout } = yield* sluice(...args, "--json", "--page", page)
      assert.strictEqual(stderr, "")
      assert.strictEqual(code, 0)
      const plan = yield* Schema.decodeUnknownEffect(Plan)(JSON.parse(stdout))
      assert.deepInclude(plan, { provider: "example", calls: 10_000_000, refusals: 0 })
      assert.isBelow(plan.computed.simulated, 1000)
      assert.match(yield* Effect.promise(() => readFile(page, "utf8")), /<title>Sluice plan: example/)
    }).pipe(Effect.scoped)
  )

  it.live("plans by what an address tells, or says what is missing", () =>
    Effect.gen(function* () {
      const headers: Record<string, string> = { "ratelimit-policy": '"minute";q=60;w=60' }
      const url = yield* answering(headers)
      const { code, stdout } = yield* sluice("plan", "--from-url", url, "--minute", "90")
      assert.strictEqual(code, 0)
      assert.match(stdout, /minute +90 +1 /)
      headers["ratelimit-policy"] = '"minute";q=60'
      const untold = yield* sluice("plan", "--from-url", url, "--minute", "90")
      assert.strictEqual(untold.code, 1)
      assert.match(untold.stderr + untold.stdout, /does not tell enough for a plan:/)
    }).pipe(Effect.scoped)
  )

  it.live.each([
    [["demo", "nobody"], /There is no provider "nobody"\. The known ones are attio, /],
    [["demo", "attio", "--calls", "0"], /0 is not a number of calls/],
    [["plan", "attio", "--raeds", "5"], /There are no calls "raeds"\. The known ones are reads, queries, writes\./],
    [["plan", "attio"], /A plan takes calls of reads, queries, writes: --reads 1000/],
    [["plan", "--reads", "5"], /one of a provider \(attio, .*\), --policy and --from-url, but was given 0/],
    [["plan", "attio", "--reads", "-5"], /--reads takes a whole number of calls, but was given "-5"/],
    [["plan", "attio", "--reads", "5", "--deadline", "soon"], /"soon" is not a time such as 30s, 90min, 1h or 2d/],
    [["plan", "--policy", "/nowhere.json", "--calls", "5"], /cannot be read from \/nowhere\.json/],
    [["plan", "--from-url", "ftp://x", "--calls", "5"], /"ftp:\/\/x" is not an address/],
    [["simulate", "attio", "--latency-before", "soon"], /"soon" is not a latency such as 20ms or 5ms\.\.50ms/]
  ] as const)("exits with 1 and says why: %s", ([args, why]) =>
    Effect.gen(function* () {
      const { code, stderr, stdout } = yield* sluice(...args)
      assert.strictEqual(code, 1)
      assert.match(stderr + stdout, why)
      assert.notMatch(stderr + stdout, /\bat .*\.ts:\d+/)
    })
  )

  it.live("inspects what comes by the standard input, and exits with 2 where `inspect` is not asked well", () =>
    Effect.gen(function* () {
      const headers = "HTTP/2 200 \r\nratelimit-policy: 10;w=1, 50;w=60\r\n\r\n"
      const { code, stdout } = yield* told(headers, "inspect", "-", "--as-policy", "--provider", "bakery")
      assert.strictEqual(code, 0)
      const { provider, quotas } = JSON.parse(stdout)
      assert.strictEqual(provider, "bakery")
      assert.deepStrictEqual(
        quotas.map(({ limit, window }: { limit: number; window: string }) => [limit, window]),
        [
          [10, "1 second"],
          [50, "1 minute"]
        ]
      )
      const asked = yield* sluice("inspect", "x", "--method", "POST")
      assert.strictEqual(asked.code, 2)
      assert.match(asked.stderr, /Expected: "GET" \| "HEAD"/)
    })
  )
})
