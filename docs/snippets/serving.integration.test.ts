import { NodeHttpClient } from "@effect/platform-node"
import { assert, it } from "@effect/vitest"
import { RateLimiter } from "@sluice/core"
import { Attio } from "@sluice/providers/attio"
import { simulation } from "@sluice/providers/attio/simulation"
import { Simulator } from "@sluice/simulator"
import { Console, Effect, Fiber, Layer, Redacted } from "effect"
import { TestConsole } from "effect/testing"
import { expect } from "vitest"
import * as Simulate from "@sluice/cli/Simulate"

// #region serve
it.live("reads itself over a real socket", () =>
  Effect.gen(function* () {
    const { stats, url } = yield* Simulator.serve(simulation, { speed: 10 })
    const client = Attio.layer({ apiKey: Redacted.make("key"), baseUrl: url }).pipe(
      Layer.provide([RateLimiter.layer, NodeHttpClient.layerUndici])
    )
    const self = Attio.Client.use((attio) => Effect.flatMap(attio.get("/v2/self"), (response) => response.json))
    assert.propertyVal(yield* Effect.provide(self, client), "workspace_name", "Acme")
    assert.deepInclude(yield* stats, { requests: 1, refusals: 0 })
  }).pipe(Effect.scoped)
)
// #endregion

// #region layerServed
const AttioSimulated = Attio.layer({ apiKey: Redacted.make("simulated") }).pipe(
  Layer.provide(Simulator.layerServed(simulation, { latency: { before: "20 millis" } }, { report: Console.log })),
  Layer.provide([NodeHttpClient.layerUndici, RateLimiter.layer])
)
// #endregion

it.live("is served by a layer, which tells at its end what it saw", () =>
  Effect.gen(function* () {
    yield* Effect.provide(
      Attio.Client.use((attio) => attio.get("/v2/self")),
      AttioSimulated
    )
    const [address, counts] = yield* TestConsole.logLines
    assert.match(String(address), /^attio is simulated at http:\/\/127\.0\.0\.1:\d+$/)
    assert.match(String(counts), /^1 call, 0 refused, \d+\.\d s$/)
  }).pipe(Effect.provide(TestConsole.layer))
)

it.live("prints where each simulation lives, as docs/testing-with-the-simulator.md shows it", () =>
  Effect.gen(function* () {
    const lines: Array<string> = []
    const console = { ...globalThis.console, log: (line: string) => void lines.push(line) }
    const options = {
      providers: ["attio", "clarifai"],
      port: 0,
      speed: 10,
      seed: 1,
      before: 5,
      after: 5,
      isJson: false
    }
    const running = yield* Effect.forkChild(Effect.provideService(Simulate.run(options), Console.Console, console))
    while (lines.length === 0 && running.pollUnsafe() === undefined) yield* Effect.sleep("5 millis")
    yield* Fiber.interrupt(running)
    const text = `${lines.join("\n")}\n`.replace(/127\.0\.0\.1:\d+/g, "127.0.0.1:8080")
    yield* Effect.promise(() => expect(text).toMatchFileSnapshot("out/simulate.txt"))
  })
)
