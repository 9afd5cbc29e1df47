import { assert, describe, it } from "@effect/vitest"
import { Simulator } from "@sluice/simulator"
import { Clock, Duration, Effect } from "effect"
import { FetchHttpClient, HttpClient } from "effect/http"
import { simulation } from "./Bakery.ts"

const authorized = { headers: { authorization: "sk_secret" } }

const calls = (base: string) =>
  Effect.gen(function* () {
    const client = yield* HttpClient.HttpClient
    const requests = [
      client.get(`${base}/loaves`, authorized),
      client.get(`${base}/loaves/7`, authorized),
      client.get(`${base}/loaves`, authorized),
      client.get(`${base}/loaves`),
      client.post(`${base}/loaves`, authorized),
      client.get(`${base}/nothing`, { headers: { authorization: "other" } }),
      client.del(`${base}/loaves/1`, { headers: { authorization: "other" } })
    ]
    return yield* Effect.forEach(requests, (request) =>
      Effect.gen(function* () {
        const { status, headers, text } = yield* request
        const told = [
          "date",
          "content-type",
          "retry-after",
          "x-remaining-reads",
          "x-remaining-daily",
          "x-remaining-ovens"
        ]
        return [status, ...told.map((name) => headers[name]), yield* text]
      })
    )
  })

describe("Simulator.serve", () => {
  it.live("answers as the layer does", () =>
    Effect.gen(function* () {
      // A clock that stands still, so that both see the same instant.
      const scenario = { skew: -250 }
      const served = yield* Simulator.serve(simulation, scenario)
      const overHttp = yield* calls(served.url).pipe(Effect.provide(FetchHttpClient.layer))
      const inProcess = yield* calls(simulation.baseUrl).pipe(Effect.provide(Simulator.layer(simulation, scenario)))
      assert.deepStrictEqual(overHttp, inProcess)
      assert.deepStrictEqual(
        overHttp.map(([status]) => status),
        [200, 200, 429, 401, 201, 404, 204]
      )
      assert.deepInclude(yield* served.stats, { requests: 7, refusals: 1, intercepted: 1, unrouted: 1 })
    }).pipe(Effect.provideService(Clock.Clock, still(1_795_320_000_600)))
  )

  it.live("answers at the root and under its id, below the path of its base URL", () =>
    Effect.gen(function* () {
      const { url, urls, stats } = yield* Simulator.serve(simulation)
      assert.match(url, /^http:\/\/127\.0\.0\.1:\d+\/api\/v2$/)
      assert.strictEqual(urls["bakery"], url.replace("/api", "/bakery/api"))
      for (const base of [url, urls["bakery"] ?? ""]) {
        assert.strictEqual((yield* HttpClient.get(`${base}/loaves`, authorized)).status, 200)
      }
      const outside = yield* HttpClient.get(url.replace("/v2", "/loaves"), authorized)
      assert.strictEqual(outside.status, 404)
      assert.strictEqual((yield* stats).requests, 2)
    }).pipe(Effect.provide(FetchHttpClient.layer))
  )

  it.live("serves several providers on the port that was asked for, each with its own scenario, and tells stats", () =>
    Effect.gen(function* () {
      const free = yield* Effect.scoped(Effect.map(Simulator.serve(simulation), ({ url }) => Number(new URL(url).port)))
      const other = { ...simulation, id: "other", baseUrl: "https://other.test" }
      const { url, urls } = yield* Simulator.serve(
        [simulation, { simulation: other, scenario: { lower: [{ quota: "reads", limit: 0 }] } }],
        {},
        { port: free }
      )
      assert.strictEqual(url, `http://127.0.0.1:${free}`)
      assert.strictEqual(urls["other"], `${url}/other`)
      assert.strictEqual((yield* HttpClient.get(`${urls["bakery"]}/loaves`, authorized)).status, 200)
      assert.strictEqual((yield* HttpClient.get(`${urls["other"]}/loaves`, authorized)).status, 429)
      assert.strictEqual((yield* HttpClient.get(`${url}/loaves`, authorized)).status, 404)
      const all = yield* (yield* HttpClient.get(`${url}/__stats`)).json
      assert.deepInclude(all, { requests: 2, refusals: 1 })
      assert.notInclude(JSON.stringify(all), "sk_secret")
      const one = yield* (yield* HttpClient.get(`${url}/bakery/__stats`)).json
      assert.deepInclude(one, { requests: 1, refusals: 0 })
      assert.strictEqual((one as { timeline: ReadonlyArray<unknown> }).timeline.length, 2)
    }).pipe(Effect.provide(FetchHttpClient.layer))
  )

  it.live("counts by the clock in the context, sped up or not", () =>
    Effect.gen(function* () {
      let now = 0
      const clock = { ...still(0), currentTimeMillisUnsafe: () => now, currentTimeMillis: Effect.sync(() => now) }
      const { url } = yield* Simulator.serve(simulation, { speed: 10 }).pipe(Effect.provideService(Clock.Clock, clock))
      const status = Effect.map(HttpClient.get(`${url}/loaves`, authorized), (response) => response.status)
      const at = (instant: number) =>
        Effect.andThen(
          Effect.sync(() => (now = instant)),
          status
        )
      assert.deepStrictEqual(yield* Effect.forEach([0, 0, 99, 100], at), [200, 200, 429, 200])
    }).pipe(Effect.provide(FetchHttpClient.layer))
  )

  it.live.each([
    ["forgotten", 0],
    ["counted", 1]
  ] as const)("leaves a request whose client went away on the way there %s", ([abandoned, requests]) =>
    Effect.gen(function* () {
      const { url, stats } = yield* Simulator.serve(simulation, { latency: { before: "300 millis" }, abandoned })
      yield* HttpClient.get(`${url}/loaves`, authorized).pipe(Effect.timeoutOption("100 millis"))
      assert.strictEqual((yield* stats).requests, 0)
      // Answered after the abandoned one was due.
      yield* HttpClient.get(`${url}/loaves`, authorized)
      assert.strictEqual((yield* stats).requests, requests + 1)
    }).pipe(Effect.provide(FetchHttpClient.layer))
  )

  it.live("fails where the port is taken, and frees it when the scope closes", () =>
    Effect.gen(function* () {
      const port = yield* Effect.scoped(
        Effect.gen(function* () {
          const port = Number(new URL((yield* Simulator.serve(simulation)).url).port)
          assert.strictEqual((yield* Effect.flip(Simulator.serve(simulation, {}, { port })))._tag, "ServeError")
          return port
        })
      )
      assert.include((yield* Simulator.serve(simulation, {}, { port })).url, String(port))
    })
  )

  it.live("gives pages leave to call only if it is told so, and counts no question for leave", () =>
    Effect.gen(function* () {
      const ask = (base: string) =>
        Effect.map(
          HttpClient.HttpClient.use((client) =>
            client.options(`${base}/loaves`, {
              headers: { origin: "http://page.test", "access-control-request-headers": "authorization" }
            })
          ),
          ({ headers, status }) => [
            status,
            headers["access-control-allow-origin"],
            headers["access-control-allow-headers"]
          ]
        )
      const open = yield* Simulator.serve(simulation, undefined, { cors: true })
      const closed = yield* Simulator.serve(simulation)
      assert.deepStrictEqual(yield* ask(open.url), [204, "*", "authorization"])
      assert.deepStrictEqual((yield* ask(closed.url))[1], undefined)
      assert.deepInclude(yield* open.stats, { requests: 0 })
    }).pipe(Effect.scoped, Effect.provide(FetchHttpClient.layer))
  )
})

const still = (millis: number): Clock.Clock => ({
  currentTimeMillisUnsafe: () => millis,
  currentTimeMillis: Effect.succeed(millis),
  currentTimeNanosUnsafe: () => BigInt(millis) * 1_000_000n,
  currentTimeNanos: Effect.succeed(BigInt(millis) * 1_000_000n),
  monotonicTimeNanosUnsafe: () => BigInt(millis) * 1_000_000n,
  monotonicTimeNanos: Effect.succeed(BigInt(millis) * 1_000_000n),
  sleep: (duration) => Effect.promise(() => new Promise((resolve) => setTimeout(resolve, Duration.toMillis(duration))))
})
