import { inspect } from "node:util"
import { assert, it } from "@effect/vitest"
import { RateLimiter } from "@sluice/core"
import { Attio } from "@sluice/providers/attio"
import { simulation } from "@sluice/providers/attio/simulation"
import { Simulator } from "@sluice/simulator"
import { Effect, Exit, Fiber, Layer, Option, Predicate, Redacted, Stream } from "effect"
import { TestClock } from "effect/testing"
import { expect } from "vitest"
import { type Entry, make } from "./tour.ts"

const start = Date.UTC(2026, 10, 22, 10, 0, 0, 300)
const path = "/v2/objects/people/records/00000002-0000-4000-8000-000000000007"

/** A quota by its name, so that what is around it can be seen. */
const brief = (value: unknown): unknown => {
  if (Array.isArray(value)) return value.map(brief)
  if (Predicate.hasProperty(value, "windowMillis") && Predicate.hasProperty(value, "name")) return `<${value.name}>`
  if (value instanceof Error)
    return { _tag: Predicate.hasProperty(value, "_tag") ? value._tag : "", message: value.message }
  if (!Predicate.isObject(value) || Object.getPrototypeOf(value) !== Object.prototype) return value
  return Object.fromEntries(
    Object.entries(value).flatMap(([key, one]) => (one === undefined ? [] : [[key, brief(one)]]))
  )
}

const show = (value: unknown) => inspect(brief(value), { depth: 8, breakLength: 120, compact: 2 })

const printed = (entries: ReadonlyArray<Entry>, ...stages: ReadonlyArray<string>) =>
  entries
    .filter(({ stage }) => stages.includes(stage))
    .map(({ atMillis, stage, value }) => `${`${atMillis - start} ms`.padStart(7)}  ${stage}\n${show(value)}`)
    .join("\n\n")

it.effect("follows a read that waits, and one that is refused", () =>
  Effect.gen(function* () {
    const others = yield* Attio.make({ apiKey: Redacted.make("at_secret"), partition: "acme" })
    const { client, seen } = yield* make
    const { exit } = yield* Simulator.fastForward(
      Effect.gen(function* () {
        const event = yield* Effect.forkChild(Stream.runHead(RateLimiter.events), { startImmediately: true })
        const load = Effect.replicateEffect(others.get("/v2/self"), 100, { concurrency: "unbounded" })
        yield* Effect.forkChild(load)
        yield* Effect.sleep("10 millis")
        const response = yield* client.get(path)
        const statusAfter = yield* RateLimiter.status("acme")
        const admitted = seen.splice(0)
        yield* Effect.sleep("4 seconds")
        const again = yield* client.get(path)
        const refused = seen.splice(0)
        return { admitted, refused, statusAfter, response, again, event: yield* Fiber.join(event) }
      })
    )
    if (Exit.isFailure(exit)) return assert.fail(String(exit.cause))
    const { admitted, again, event, refused, response, statusAfter } = exit.value
    assert.deepStrictEqual([response.status, again.status], [200, 200])
    const stages = ["classify", "claim", "estimate", "admit", "send", "wire", "decode", "settle"]
    assert.deepStrictEqual(
      admitted.map(({ stage }) => stage),
      stages
    )
    assert.deepStrictEqual(
      refused.map(({ stage }) => stage),
      [...stages, ...stages]
    )
    const first = refused.slice(0, stages.length)
    const second = refused.slice(stages.length)
    const files = {
      classify: printed(admitted, "classify", "claim"),
      admit: printed(admitted, "estimate", "admit"),
      send: printed(admitted, "send"),
      decode: printed(admitted, "wire", "decode"),
      settle: printed(admitted, "settle"),
      status: show(statusAfter[0]),
      refused: printed(first, "wire", "decode"),
      paused: show(Option.getOrUndefined(event)),
      again: printed(second, "estimate", "admit", "settle")
    }
    yield* Effect.forEach(Object.entries(files), ([name, text]) =>
      Effect.promise(() => expect(`${text}\n`).toMatchFileSnapshot(`out/tour-${name}.txt`))
    )
  }).pipe(
    Effect.provide(RateLimiter.layer),
    Effect.provide(
      Simulator.layer(simulation, {
        latency: { before: "20 millis", after: "20 millis" },
        lower: [{ quota: "reads", limit: 0, at: "5 seconds", until: "6 seconds" }]
      }).pipe(Layer.provide(Layer.effectDiscard(TestClock.setTime(start))))
    )
  )
)
