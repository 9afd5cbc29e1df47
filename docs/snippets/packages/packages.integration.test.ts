import { assert, it } from "@effect/vitest"
import { RateLimiter } from "@sluice/core"
import { Outbox, OutboxStoreSqlite } from "@sluice/outbox"
import { simulation } from "@sluice/providers/attio/simulation"
import { PrayerLetters } from "@sluice/providers/prayerletters"
import { simulation as prayerletters } from "@sluice/providers/prayerletters/simulation"
import { Simulator } from "@sluice/simulator"
import { ConfigProvider, Console, Duration, Effect, Exit, Fiber, Layer, Redacted } from "effect"
import { FetchHttpClient } from "effect/http"
import { work } from "./core.ts"
import { DashboardLive } from "./dashboard.ts"
import { save } from "./outbox.ts"
import { planned } from "./planner.ts"
import { self } from "./providers.ts"
import { served } from "./simulator.ts"

it.effect("core: does fifty in four windows", () =>
  Effect.gen(function* () {
    const { elapsed, exit } = yield* Simulator.fastForward(work)
    assert.deepStrictEqual(exit, Exit.succeed(Array.from({ length: 50 }, (_, i) => i)))
    assert.strictEqual(Duration.toMillis(elapsed), 4 * 1002)
  }).pipe(Effect.provide(RateLimiter.layer))
)

it.effect("planner: tells when each class is done", () =>
  Effect.gen(function* () {
    const lines: Array<string> = []
    const console = { ...globalThis.console, log: (line: string) => void lines.push(line) }
    const plan = yield* Effect.provideService(planned, Console.Console, console)
    assert.strictEqual(plan.refusals, 0)
    assert.deepStrictEqual(lines, ["reads: 1000 s", "writes: 79.703 s"])
  })
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

it.live("dashboard: is served for this machine", () =>
  Effect.gen(function* () {
    const served = yield* Effect.exit(Layer.build(DashboardLive))
    // Somebody else may use the port.
    if (Exit.isFailure(served)) return assert.include(String(served.cause), "EADDRINUSE")
    const page = yield* Effect.promise(async () => (await fetch("http://127.0.0.1:3000/limits")).text())
    assert.include(page, "<title>Limits</title>")
  }).pipe(Effect.scoped)
)

it.effect("outbox: answers at once, and the newest contact is what is sent", () =>
  Effect.gen(function* () {
    const program = Effect.gen(function* () {
      const first = yield* save("c-1", { name: "Ada" })
      const second = yield* save("c-1", { name: "Ada Lovelace" })
      yield* Effect.sleep("1 second")
      return [first._tag, second._tag] as const
    })
    const { exit, stats } = yield* Simulator.fastForward(program)
    assert.deepStrictEqual(exit, Exit.succeed(["Waiting", "Waiting"] as const))
    assert.deepInclude(stats, { requests: 1, refusals: 0 })
  }).pipe(
    Effect.provide(
      Outbox.layer([PrayerLetters]).pipe(
        Layer.provide(OutboxStoreSqlite.layer({ filename: ":memory:" })),
        Layer.provide(PrayerLetters.layer({ apiKey: Redacted.make("token") })),
        Layer.provide(RateLimiter.layer),
        Layer.provideMerge(Simulator.layer(prayerletters))
      )
    )
  )
)
