import { assert, describe, it } from "@effect/vitest"
import { Effect, Schema } from "effect"
import { Ring } from "@sluice/dashboard/Ring"

describe("Ring", () => {
  it.effect.prop(
    "gives what a list that forgets would",
    { steps: Schema.Array(Schema.Int), after: Schema.Int, size: Schema.Int },
    ({ after, size, steps }) =>
      Effect.sync(() => {
        const seconds = 1 + (Math.abs(size) % 7)
        const ring = new Ring(seconds, 2)
        let list: Array<readonly [number, number]> = []
        let second = 0
        steps.forEach((step, i) => {
          // Mostly a second or a few later, at times not at all or earlier.
          second += Math.max(-1, step % 4)
          if (second < 0) second = 0
          if (second > (list.at(-1)?.[0] ?? -1)) list.push([second, i])
          ring.write(second, [i, i + 1])
          const last = list.at(-1)?.[0] ?? -1
          list = list.filter(([at]) => at > last - seconds)
          const from = (Math.abs(after) % 9) - 1
          const expected = list.filter(([at]) => at > from)
          assert.deepStrictEqual(ring.read(from), {
            at: expected.map(([at]) => at),
            columns: [expected.map(([, value]) => value), expected.map(([, value]) => value + 1)]
          })
        })
      })
  )
})
