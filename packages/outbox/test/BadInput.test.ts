import { assert, describe, it } from "@effect/vitest"
import { Outbox } from "@sluice/outbox"
import { SuiteOp } from "@sluice/providers/suiteop"
import { Duration, Effect, Exit, Layer } from "effect"
import * as Acme from "./support/Acme.ts"
import * as Live from "./support/Live.ts"

const { send } = Live

describe("send", () => {
  it.effect.each([
    ["options.subject", "a text of 1 to 256 characters", { subject: "" }],
    ["options.subject", "a text of 1 to 256 characters", { subject: "x".repeat(257) }],
    ["options.id", "a text of 1 to 256 characters", { id: "" }],
    ["options.priority", "a whole number", { priority: 0.5 }],
    ["options.priority", "a whole number", { priority: Number.NaN }],
    ["options.maxAttempts", "a whole number, 1 or more", { maxAttempts: 0 }],
    ["options.maxAttempts", "a whole number, 1 or more", { maxAttempts: Infinity }]
  ] as const)("says of %s that it takes %s", ([field, rule, options]) =>
    Effect.gen(function* () {
      const error = yield* Effect.flip(send(Acme.post("/things/1"), options))
      assert.deepInclude(error, { _tag: "CallError", field, rule })
      assert.deepStrictEqual(yield* Outbox.find(), [])
    }).pipe(Effect.provide(Live.layer(Acme.simulation([]))))
  )

  it.effect("says which providers there are", () =>
    Effect.gen(function* () {
      const error = yield* Effect.flip(Outbox.send(SuiteOp.provider, Acme.post("/x")))
      assert.deepInclude(error, { _tag: "CallError", field: "provider", value: "suiteop" })
      assert.include(error.message, "one that this outbox sends to (acme)")
    }).pipe(Effect.provide(Live.layer(Acme.simulation([]))))
  )
})

describe("layer", () => {
  it.effect.each([
    ["concurrency", { concurrency: 0 }],
    ["pollInterval", { pollInterval: 0 }],
    ["takeOverAfter", { takeOverAfter: Duration.infinity }],
    ["answerWithin", { answerWithin: -1 }],
    ["drain", { drain: -1 }]
  ] as const)("says of %s what it takes", ([field, options]) =>
    Effect.gen(function* () {
      const exit = yield* Effect.exit(Layer.build(Live.layer(Acme.simulation([]), options)))
      assert.isTrue(Exit.isFailure(exit))
      assert.match(String(exit), new RegExp(`RangeError: Outbox: ${field} takes`))
    })
  )
})
