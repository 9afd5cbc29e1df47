import { NodeHttpClient } from "@effect/platform-node"
import { assert, it } from "@effect/vitest"
import * as Inspect from "@sluice/cli/Inspect"
import * as Inspection from "@sluice/core/Inspection"
import { Latency, Simulator } from "@sluice/simulator"
import { simulation } from "@sluice/providers/productlane/simulation"
import { Console, Effect, Redacted } from "effect"
import { TestClock } from "effect/testing"
import { fileURLToPath } from "node:url"
import { expect } from "vitest"

const options = {
  method: "GET",
  headers: [],
  receivedAt: undefined,
  isJson: false,
  isPolicy: false,
  provider: undefined
} as const

/** What a run prints, as it stands in docs/inspecting.md. */
const printed = (name: string, asked: Partial<Inspect.Options> & { readonly target: string }) =>
  Effect.gen(function* () {
    const lines: Array<string> = []
    const print = (line: string) => void lines.push(line)
    const console = { ...globalThis.console, log: print, error: print }
    yield* Effect.provideService(Inspect.run({ ...options, ...asked }), Console.Console, console)
    const text = `${lines.join("\n")}\n`.replace(/"[^"]*\/(\w+\.http)"/g, '"$1"')
    yield* Effect.promise(() => expect(text).toMatchFileSnapshot(`out/${name}.txt`))
  })

const file = fileURLToPath(new URL("responses/response.http", import.meta.url))

it.effect("prints what an answer of Productlane's says", () =>
  Effect.gen(function* () {
    yield* TestClock.setTime(Date.parse("2026-11-22T10:00:12.340Z"))
    const headers = [Redacted.make("Authorization: Bearer pl_v2_test")]
    const run = printed("inspect-address", { target: "https://productlane.com/api/v2/threads?limit=1", headers })
    const { exit } = yield* Simulator.fastForward(run)
    yield* exit
  }).pipe(
    Effect.provide(
      Simulator.layer(simulation, {
        latency: { before: Latency.constant(40), after: Latency.constant(40) },
        skew: "-1200 millis"
      })
    )
  )
)

it.effect("prints what a file with several dialects says, and the policy of it", () =>
  Effect.gen(function* () {
    const receivedAt = Date.parse("2026-11-22T10:00:01.200Z")
    yield* printed("inspect-file", { target: file, receivedAt })
    yield* printed("inspect-policy", { target: file, isPolicy: true, provider: "example" })
  }).pipe(Effect.provide(NodeHttpClient.layerUndici))
)

it("tells the same to a program", () => {
  // #region program
  const headers = { "ratelimit-policy": '"burst";q=100;w=60', ratelimit: '"burst";r=7;t=30', "x-quota-left": "7" }
  const inspection = Inspection.of(headers, { receivedAt: Date.now() })
  const { policy } = Inspection.toPolicy(inspection, { provider: "example" })
  // #endregion
  assert.deepInclude(inspection.limits[0], { quota: "burst", limit: 100, windowMillis: 60_000, remaining: 7 })
  assert.deepStrictEqual(inspection.ignored, [{ field: "x-quota-left", value: "7", reason: "unknown", by: [] }])
  assert.strictEqual(policy?.quotas[0]?.quota.kind, "unknown")
})
