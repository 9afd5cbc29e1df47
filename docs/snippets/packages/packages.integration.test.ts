import { assert, it } from "@effect/vitest"
import { RateLimiter } from "@sluice/core"
import { simulation } from "@sluice/providers/attio/simulation"
import { Simulator } from "@sluice/simulator"
import { ConfigProvider, Console, Duration, Effect, Exit, Fiber } from "effect"
import { FetchHttpClient } from "effect/http"
import { work } from "./core.ts"
import { self } from "./providers.ts"
import { served } from "./simulator.ts"

it.effect("core: does fifty in four windows", () =>
  Effect.gen(function* () {
    const { elapsed, exit } = yield* Simulator.fastForward(work)
    assert.deepStrictEqual(exit, Exit.succeed(Array.from({ length: 50 }, (_, i) => i)))
    assert.strictEqual(Duration.toMillis(elapsed), 4 * 1002)
  }).pipe(Effect.provide(RateLimiter.layer))
)

it.live("simulator and providers: serves Attio, which is read by fetch", () =>
  Effect.gen(function* () {
    const lines: Array<string> = []
    const console = { ...globalThis.console, log: (line: string) => void lines.push(line) }
    const serving = yield* Effect.forkChild(Effect.provideService(served, Console.Console, console))
    while (lines.length === 0 && serving.pollUnsafe() === undefined) yield* Effect.sleep("5 millis")
    const url = /http:\S+/.exec(lines[0] ?? "")?.[0] ?? assert.fail(String(lines))
    const toServer: typeof fetch = (input, init) => fetch(String(input).replace(simulation.baseUrl, url), init)
    const answer = yield* self.pipe(
      Effect.provideService(FetchHttpClient.Fetch, toServer),
      Effect.provide(ConfigProvider.layer(ConfigProvider.fromUnknown({ ATTIO_API_KEY: "key" })))
    )
    assert.propertyVal(answer, "workspace_name", "Acme")
    yield* Fiber.interrupt(serving)
  })
)
