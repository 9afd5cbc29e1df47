import { createServer } from "node:http"
import { NodeHttpClient, NodeHttpServer } from "@effect/platform-node"
import { assert, describe, it } from "@effect/vitest"
import { Simulator } from "@sluice/simulator"
import { Effect, Layer } from "effect"
import { HttpBody, HttpClient, HttpServer } from "effect/http"
import { simulation } from "./Bakery.ts"

const authorized = { headers: { authorization: "sk_secret" } }
const home = simulation.baseUrl

const provided = (...args: Parameters<typeof Simulator.layerServed>) =>
  Effect.provide(Simulator.layerServed(...args).pipe(Layer.provide(NodeHttpClient.layerUndici)))

describe("Simulator.layerServed", () => {
  it.live("sends what goes to the real address over a socket, as it is", () =>
    Effect.gen(function* () {
      const client = yield* HttpClient.HttpClient
      const body = HttpBody.jsonUnsafe({ flour: "rye" })
      const posted = yield* client.post(`${home}/loaves?a=1`, { ...authorized, body, urlParams: { b: 2 } })
      const got = yield* client.get(`${home}/loaves/a%2Fb`, authorized)
      assert.match(posted.request.url, /^http:\/\/127\.0\.0\.1:\d+\/bakery\/api\/v2\/loaves\?a=1$/)
      assert.deepStrictEqual(yield* posted.json, { sequence: 0, got: '{"flour":"rye"}' })
      assert.deepStrictEqual(yield* got.json, { id: "a/b" })
      assert.strictEqual((yield* client.get(new URL(`${home}/nothing`), authorized)).status, 404)
      const { stats, statsOf } = yield* Simulator.Simulator
      assert.deepInclude(yield* stats, { requests: 3, unrouted: 1 })
      assert.deepInclude(yield* statsOf("bakery"), { requests: 3 })
    }).pipe(provided(simulation))
  )

  it.live("shows what stands above it real addresses, and takes the address of a response again", () =>
    Effect.gen(function* () {
      const client = yield* HttpClient.HttpClient
      const seen: Array<string> = []
      const twice = HttpClient.transform(client, (_, request) => {
        seen.push(request.url)
        return Effect.flatMap(client.execute(request), (response) => client.execute(response.request))
      })
      assert.strictEqual((yield* twice.get(`${home}/loaves`, authorized)).status, 200)
      assert.deepStrictEqual(seen, [`${home}/loaves`])
      assert.deepInclude(yield* Simulator.Simulator.use(({ stats }) => stats), { requests: 2 })
    }).pipe(provided(simulation))
  )

  it.live("lets nothing leave the machine", () =>
    Effect.gen(function* () {
      const client = yield* HttpClient.HttpClient
      for (const url of [
        "https://bakery.test/api/v1/loaves",
        "http://bakery.test/api/v2/loaves",
        "http://127.0.0.1:1/"
      ]) {
        const { reason } = yield* Effect.flip(client.get(url))
        assert.strictEqual(reason._tag, "TransportError")
        assert.include(reason.message, "no simulation lives at")
      }
      assert.strictEqual((yield* Effect.flip(client.get("/loaves"))).reason._tag, "InvalidUrlError")
      assert.deepInclude(yield* Simulator.Simulator.use(({ stats }) => stats), { requests: 0 })
    }).pipe(provided(simulation))
  )

  it.live("reports the addresses at the start, and at the end what was seen", () =>
    Effect.gen(function* () {
      const lines: Array<string> = []
      const report = (line: string) => Effect.sync(() => void lines.push(line))
      const other = { ...simulation, id: "other", baseUrl: "https://other.test" }
      const program = Effect.gen(function* () {
        const client = yield* HttpClient.HttpClient
        yield* client.get(`${home}/loaves`, authorized)
        yield* client.get(`${other.baseUrl}/loaves`, authorized)
        yield* client.get(`${other.baseUrl}/loaves`)
        assert.strictEqual(lines.length, 2)
      })
      const scenario = { lower: [{ quota: "reads", limit: 0 }] }
      yield* program.pipe(provided([simulation, { simulation: other, scenario }], undefined, { report }))
      const [first, second, third] = lines
      assert.match(first ?? "", /^bakery is simulated at http:\/\/127\.0\.0\.1:\d+\/bakery\/api\/v2$/)
      assert.match(second ?? "", /^other is simulated at http:\/\/127\.0\.0\.1:\d+\/other$/)
      assert.match(third ?? "", /^3 calls, 1 refused, 1 answered 401, \d\.\d s$/)
      assert.strictEqual(lines.length, 3)
    })
  )

  it.live("fails where the port is taken, and frees its own when the scope closes", () =>
    Effect.gen(function* () {
      const build = (port: number) =>
        Layer.build(Simulator.layerServed(simulation, undefined, { port })).pipe(
          Effect.scoped,
          Effect.provide(NodeHttpClient.layerUndici)
        )
      const taken = yield* Effect.scoped(
        Effect.gen(function* () {
          const { address } = yield* NodeHttpServer.make(createServer, { host: "127.0.0.1", port: 0 })
          const port = Number(new URL(HttpServer.formatAddress(address)).port)
          assert.strictEqual((yield* Effect.flip(build(port)))._tag, "ServeError")
          return port
        })
      )
      yield* build(taken)
      yield* build(taken)
    })
  )
})
