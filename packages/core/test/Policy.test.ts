import { Quota } from "@sluice/core"
import * as Policy from "@sluice/core/Policy"
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"

const document = {
  provider: "example",
  quotas: [
    { name: "reads", kind: "rolling", limit: 100, window: "1 second", per: "key", source: "ratelimit-policy header" },
    { name: "day", kind: "fixed", limit: 5000, window: "1 day", phase: "clock" },
    { name: "burst", kind: "tokenBucket", limit: 10, window: "90 seconds", refill: 3, slack: 5 },
    { name: "at once", kind: "concurrency", limit: 4 },
    { name: "scores", kind: "unpublished", window: "10 seconds" }
  ]
}

describe("Policy", () => {
  it.effect("reads a document and writes it as it was", () =>
    Effect.gen(function* () {
      const policy = yield* Policy.fromText(JSON.stringify(document))
      const [reads] = policy.quotas
      assert.strictEqual(reads?.quota.windowMillis, 1000)
      assert.strictEqual(reads?.per, "key")
      assert.strictEqual(reads?.source, "ratelimit-policy header")
      assert.deepEqual<unknown>(Policy.toJson(policy), document)
      assert.deepStrictEqual(Object.keys(Policy.quotas(policy)), ["reads", "day", "burst", "at once", "scores"])
    })
  )

  it.effect("writes any quota so that it is read as the same", () =>
    Effect.gen(function* () {
      const quota = Quota.slidingCounter(60, 61_001, {
        name: "odd",
        countsRefused: false,
        pacing: "even",
        slowBelow: { remaining: 5, when: "always" },
        published: 80,
        assumed: true
      })
      const json = JSON.parse(JSON.stringify(Policy.toJson({ provider: "x", quotas: [{ quota }] }))) as unknown
      const read = yield* Policy.fromJson(json)
      assert.deepStrictEqual(Quota.definition(read.quotas[0]?.quota ?? quota), Quota.definition(quota))
      assert.deepEqual<unknown>(Policy.toJson(read), json)
    })
  )

  it.effect.each([
    ["{", "the document", "JSON"],
    ["[]", "the document", "object"],
    ["{}", "provider", "key"],
    [{ ...document, quotas: [] }, "quotas", "1"],
    [{ ...document, quota: 1 }, "quota", ""],
    [{ ...document, quotas: [{ kind: "rolling", limit: 1, window: 1 }] }, "quotas[0].name", "key"],
    [{ ...document, quotas: [{ name: "a", kind: "tokens", limit: 1, window: 1 }] }, "quotas[0].kind", "tokenBucket"],
    [{ ...document, quotas: [{ name: "a", kind: "rolling", limit: 0, window: 1 }] }, "quotas[0]", "given 0"],
    [{ ...document, quotas: [{ name: "a", kind: "rolling", limit: 1, window: "soon" }] }, "quotas[0]", `given "soon"`],
    [{ ...document, quotas: [{ name: "a", kind: "rolling", limit: 1, windw: 1 }] }, "quotas[0].windw", ""],
    [{ ...document, quotas: [document.quotas[0], document.quotas[0]] }, "quotas", "different names"]
  ] as const)("refuses %j at %s", ([json, field, says]) =>
    Effect.gen(function* () {
      const error = yield* Effect.flip(Policy.fromText(typeof json === "string" ? json : JSON.stringify(json)))
      const problem = error.problems.find((one) => one.field === field)
      assert.isDefined(problem, error.message)
      assert.include(problem?.says, says)
      assert.include(error.message, `Policy: ${field}: `)
    })
  )
})
