import { assert, describe, it } from "@effect/vitest"
import { type Happening, keyOf, Limits, Quota } from "@sluice/page/Limits"
import * as Patch from "@sluice/page/Patch"
import { Effect, Schema } from "effect"

const happening = (id: number): Happening => ({
  id,
  at: id,
  times: 1,
  kind: "resumed",
  provider: "acme",
  partition: "p",
  quotas: ["writes"],
  isExpected: true,
  until: null,
  cause: "",
  numbers: []
})

const limits = (quotas: ReadonlyArray<Quota>, own: Partial<Limits> = {}): Limits => ({
  at: 0,
  scope: "process",
  quotas: Object.fromEntries(quotas.map((quota) => [keyOf(quota), quota])),
  hidden: 0,
  happenings: [],
  ...own
})

/** As it goes over the wire. */
const sent = <A>(value: A): A => JSON.parse(JSON.stringify(value)) as A

const quotas = Schema.Array(Quota)

describe("Patch", () => {
  it.effect.prop(
    "makes the later state of the earlier one, whatever has come, gone and changed",
    { before: quotas, after: quotas, changed: quotas, kept: Schema.Int, added: Schema.Int, hidden: Schema.Int },
    ({ added, after, before, changed, hidden, kept }) =>
      Effect.sync(() => {
        const [many, few] = [1 + (Math.abs(kept) % 6), Math.abs(added) % 6]
        const first = limits(before, { happenings: Array.from({ length: 6 }, (_, i) => happening(i)) })
        const last = limits(
          // Some are new, and some are the old ones with other numbers.
          [
            ...after,
            ...before.slice(0, 2),
            ...changed.map((quota, i) => ({
              ...quota,
              provider: before[i]?.provider ?? quota.provider,
              partition: before[i]?.partition ?? quota.partition,
              quota: before[i]?.quota ?? quota.quota,
              within: before[i]?.within ?? quota.within
            }))
          ],
          {
            at: 1,
            hidden,
            happenings: Array.from({ length: many + few }, (_, i) => happening(6 - many + i))
          }
        )
        const draft: Patch.Draft = { ...sent(first) }
        Patch.apply(draft, sent(Patch.between(first, last)))
        assert.deepStrictEqual(draft, sent(last))
        assert.isTrue(Patch.isEmpty(Patch.between(last, { ...last, at: 2 })))
      })
  )

  it("tells of a quota only what has changed", () => {
    const quota: Quota = {
      provider: "acme",
      partition: "p",
      quota: "writes",
      within: "",
      kind: "rolling",
      published: 5,
      windowMillis: 1000,
      limit: 5,
      limitInForce: 5,
      held: 0,
      cooling: 0,
      foreign: 0,
      free: 5,
      refusals: 0,
      waiting: [],
      nextAt: null,
      closedUntil: null,
      closedBy: null
    }
    const patch = Patch.between(limits([quota]), limits([{ ...quota, held: 1, free: 4, waiting: [] }], { at: 7 }))
    assert.deepStrictEqual(patch, { at: 7, quotas: { "acme|p|writes|": { held: 1, free: 4 } } })
  })
})
