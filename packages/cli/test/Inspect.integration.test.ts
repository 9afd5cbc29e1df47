import { readdirSync, writeFileSync } from "node:fs"
import { mkdtemp, rm } from "node:fs/promises"
import { createServer, type RequestListener } from "node:http"
import type { AddressInfo } from "node:net"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { NodeHttpClient } from "@effect/platform-node"
import { assert, describe, it } from "@effect/vitest"
import * as Catalogue from "@sluice/cli/Catalogue"
import * as Inspect from "@sluice/cli/Inspect"
import { Simulator } from "@sluice/simulator"
import { Effect, Exit, Layer, Redacted, Runtime } from "effect"
import { Headers } from "effect/http"
import { TestConsole } from "effect/testing"

const options: Inspect.Options = {
  target: "-",
  method: "GET",
  headers: [],
  receivedAt: undefined,
  isJson: false,
  isPolicy: false,
  provider: undefined
}

/** What was printed, with the exit code, and what is said last. */
const inspected = (asked: Partial<Inspect.Options>) =>
  Effect.gen(function* () {
    const before = (yield* TestConsole.logLines).length
    const beforeErrors = (yield* TestConsole.errorLines).length
    const exit = yield* Effect.exit(Inspect.run({ ...options, ...asked }))
    const error = Exit.isFailure(exit) ? yield* Effect.flip(exit) : undefined
    const code = error === undefined ? 0 : Runtime.getErrorExitCode(error)
    const out = (yield* TestConsole.logLines).slice(before).join("\n")
    const errors = (yield* TestConsole.errorLines).slice(beforeErrors).join("\n")
    return { code, out, errors, says: error?.userMessage ?? "" }
  })

const documentOf = (asked: Partial<Inspect.Options>) =>
  Effect.map(inspected({ ...asked, isJson: true }), ({ code, out }) => ({ code, ...JSON.parse(out) }))

const served = (listener: RequestListener) =>
  Effect.acquireRelease(
    Effect.callback<{ readonly url: string; readonly close: () => void }>((resume) => {
      const server = createServer(listener).listen(0, "127.0.0.1", () => {
        const { port } = server.address() as AddressInfo
        const close = () => void server.close(() => {}).closeAllConnections()
        resume(Effect.succeed({ url: `http://127.0.0.1:${port}`, close }))
      })
    }),
    ({ close }) => Effect.sync(close)
  )

const kept = (text: string) =>
  Effect.acquireRelease(
    Effect.promise(() => mkdtemp(join(tmpdir(), "sluice-"))),
    (folder) => Effect.promise(() => rm(folder, { recursive: true }))
  ).pipe(
    Effect.map((folder) => {
      const file = join(folder, "response.http")
      writeFileSync(file, text)
      return file
    })
  )

const run = Effect.provide(Layer.mergeAll(TestConsole.layer, NodeHttpClient.layerUndici))

/** What each provider's server tells with any answer, and with a refusal. */
const expected: Readonly<
  Record<string, { readonly limits: ReadonlyArray<number>; readonly retry: string | undefined }>
> = {
  attio: { limits: [], retry: "retry-after" },
  clarifai: { limits: [], retry: undefined },
  prayerletters: { limits: [], retry: undefined },
  productlane: { limits: [1000], retry: "retry-after" },
  suiteop: { limits: [1000], retry: "retry-after" }
}

describe("Inspect.run", () => {
  it.live("tells of every simulated provider what its answers and its refusals say", () =>
    Effect.gen(function* () {
      const entries = yield* Catalogue.load([])
      assert.deepStrictEqual(
        entries.map(({ id }) => id),
        Object.keys(expected)
      )
      for (const { id, module, simulation } of entries) {
        const { limits = [], retry } = expected[id] ?? {}
        const route = simulation.routes.find(({ method, path }) => method === "GET" && !path.includes(":"))
        const headers = [Redacted.make(`Authorization: ${module.provider.authorization} demo`)]
        const open = yield* Simulator.serve(simulation)
        const answer = yield* documentOf({ target: `${open.url}${route?.path}`, headers })
        assert.deepInclude(answer, { status: 200, code: limits.length > 0 ? 0 : 1, retry: null, ignored: [] }, id)
        assert.deepStrictEqual(
          answer.limits.map(({ limit }: { limit: number }) => limit),
          limits,
          id
        )
        const [from, by] = answer.skewMillis
        // One clock for both, and a Date that is up to a second old.
        assert.isTrue(from <= 0 && by >= 0, `${id}: ${from} to ${by}`)
        for (const { remaining, reset, windowMillis } of answer.limits) {
          assert.strictEqual(remaining, 999)
          assert.isNull(windowMillis)
          assert.isAbove(Date.parse(reset.by), Date.parse(answer.receivedAt))
        }
        const lower = Object.keys(simulation.quotas).map((quota) => ({ quota, limit: 0 }))
        const closed = yield* Simulator.serve(simulation, { lower })
        const refusal = yield* documentOf({ target: `${closed.url}${route?.path}`, headers })
        assert.strictEqual(refusal.status, 429, id)
        assert.strictEqual(refusal.code, retry === undefined ? 1 : 0, id)
        assert.strictEqual(refusal.retry?.from, retry, id)
        if (retry !== undefined) assert.isAbove(Date.parse(refusal.retry.by), Date.parse(refusal.receivedAt))
      }
    }).pipe(Effect.scoped, run)
  )

  it.live("reads every refusal that the providers' pages print", () =>
    Effect.gen(function* () {
      for (const id of yield* Catalogue.ids) {
        const folder = fileURLToPath(new URL(`../../providers/${id}/fixtures/`, import.meta.url))
        const files = readdirSync(folder).filter((name) => name.endsWith(".http"))
        assert.isAbove(files.length, 0, id)
        for (const file of files.filter((name) => name.includes("429"))) {
          const { code, says, ...told } = yield* documentOf({ target: join(folder, file) })
          assert.strictEqual(told.status, 429, file)
          assert.strictEqual(told.retry?.from, expected[id]?.retry, file)
          assert.strictEqual(code, expected[id]?.retry === undefined ? 1 : 0, `${file}: ${says}`)
        }
      }
    }).pipe(run)
  )

  it.live("prints a page, with what is not told, what is past and what was ignored", () =>
    Effect.gen(function* () {
      const target = yield* kept(
        [
          "HTTP/1.1 429 Too Many Requests",
          "Date: Sun, 22 Nov 2026 10:00:01 GMT",
          "Retry-After: 4",
          'RateLimit-Policy: "burst";q=100;w=60, "\u202Eb;q',
          "X-RateLimit-Limit: 60",
          "X-RateLimit-Remaining: 0",
          "X-RateLimit-Reset: 1720000000",
          "X-Quota-Left: 3",
          "",
          ""
        ].join("\r\n")
      )
      const receivedAt = Date.parse("2026-11-22T10:00:01.200Z")
      const { code, out } = yield* inspected({ target, receivedAt })
      assert.strictEqual(code, 0)
      assert.deepStrictEqual(out.split("\n"), [
        `${JSON.stringify(target)}: 429, a refusal`,
        "Received at 2026-11-22 10:00:01.200Z, its Date is 2026-11-22 10:00:01Z; server's clock minus ours: -0.2 s to 0.8 s.",
        "",
        "quota  limit  window    remaining  reset                               told by",
        "burst  100    1m        not told   not told                            ratelimit-policy",
        "-      60     not told  0          2024-07-03 09:46:40Z ±1.5 s (past)  x-ratelimit-limit, x-ratelimit-remaining, x-ratelimit-reset",
        "",
        "Stay away until 2026-11-22 10:00:05Z ±1.0 s (in 4s), by retry-after.",
        "",
        "ignored            value       why",
        'ratelimit-policy   "\\u202eb;q  cannot be read',
        "x-ratelimit-reset  1720000000  reset: past",
        "x-quota-left       3           sounds like a limit, and no dialect here has it"
      ])
    }).pipe(Effect.scoped, run)
  )

  it.live("prints the policy alone, and says elsewhere what is assumed and what was left out", () =>
    Effect.gen(function* () {
      const target = yield* kept('RateLimit: "default";r=5;t=3\nRateLimit-Policy: "burst";q=100;w=60\n')
      const { code, errors, out } = yield* inspected({ target, isPolicy: true, provider: "bakery" })
      assert.strictEqual(code, 0)
      assert.deepEqual(JSON.parse(out), {
        provider: "bakery",
        quotas: [{ name: "burst", kind: "unknown", limit: 100, window: "1 minute", source: "ratelimit-policy header" }]
      })
      assert.deepStrictEqual(errors.split("\n"), [
        "Left out: default (ratelimit): its limit is not told.",
        'Assumed: burst: how its server counts is not told, so that its kind is "unknown".'
      ])
      const unnamed = yield* inspected({ target, isPolicy: true })
      assert.strictEqual(JSON.parse(unnamed.out).provider, "response")
    }).pipe(Effect.scoped, run)
  )

  it.live("follows no redirect, reads no body, and prints neither keys nor queries", () =>
    Effect.gen(function* () {
      let requests = 0
      const { url } = yield* served((request, response) => {
        requests++
        const headers = { location: "https://u:pw@b.example/c?token=secret2", "x-ratelimit-limit": "9" }
        response.writeHead(request.headers["x-key"] === "secret1" ? 302 : 500, headers)
        // The body never ends.
        response.write("x")
      })
      const asked = { target: `${url}/a?key=secret3`, headers: [Redacted.make("X-Key: secret1")] }
      const { code, errors, out } = yield* inspected(asked)
      assert.strictEqual(code, 0)
      assert.strictEqual(requests, 1)
      assert.match(out, /\/a: 302\nA redirect to https:\/\/b\.example\/c, which was not followed\./)
      const { out: json } = yield* inspected({ ...asked, isJson: true })
      assert.notMatch(out + errors + json, /secret/)
    }).pipe(Effect.scoped, run)
  )

  it.live("hides values of headers that are redacted elsewhere", () =>
    Effect.gen(function* () {
      const target = yield* kept("x-quota-key: secret\nx-ratelimit-limit: 9\n")
      const { out } = yield* inspected({ target })
      assert.match(out, /x-quota-key +<redacted>/)
      assert.notInclude(out, "secret")
    }).pipe(Effect.provideService(Headers.CurrentRedactedNames, [/key/]), Effect.scoped, run)
  )

  it.live.each<[Partial<Inspect.Options>, RegExp]>([
    [{ target: "http://127.0.0.1:1/a?key=secret" }, /^http:\/\/127\.0\.0\.1:1\/a cannot be reached: .*ECONNREFUSED/],
    [{ target: "http://:0/?secret" }, /^The address cannot be read/],
    [{ target: "http://127.0.0.1:1/", receivedAt: 1 }, /^--received-at is for what was kept/],
    [
      { target: "http://127.0.0.1:1/", headers: [Redacted.make("a: b"), Redacted.make("secret")] },
      /^--header number 2 does not/
    ],
    [{ target: "x.http", headers: [Redacted.make("a: secret")] }, /^--header is for a request/],
    [{ target: "nowhere.http" }, /^"nowhere\.http" cannot be read: .*ENOENT/],
    [{ target: fileURLToPath(import.meta.url) }, /holds no headers such as/],
    [{ target: "x", isJson: true, isPolicy: true }, /^--json and --as-policy/]
  ])("exits with 2 and says why: %o", ([asked, why]) =>
    Effect.gen(function* () {
      const { code, out, says } = yield* inspected(asked)
      assert.strictEqual(code, 2)
      assert.strictEqual(out, "")
      assert.match(says, why)
      assert.notInclude(says, "secret")
    }).pipe(run)
  )

  it.live("exits with 1 where nothing is told, and says what it looked for", () =>
    Effect.gen(function* () {
      const target = yield* kept("HTTP/1.1 429 Too Many Requests\n\n{}")
      for (const isPolicy of [false, true]) {
        const { code, says } = yield* inspected({ target, isPolicy })
        assert.strictEqual(code, 1)
        assert.match(says, /^Nothing is told about limits by .*\n.*Retry-After, .*RateLimit-Policy/)
        assert.match(says, /It is a refusal all the same/)
      }
      const policy = yield* inspected({ target: yield* kept("x-ratelimit-limit: 9"), isPolicy: true })
      assert.strictEqual(policy.code, 1)
      assert.strictEqual(policy.errors, "Left out: a limit without a name (x-ratelimit-limit): its window is not told.")
    }).pipe(Effect.scoped, run)
  )
})
