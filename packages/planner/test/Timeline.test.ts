import { assert, describe, it } from "@effect/vitest"
import { Schema } from "effect"
import { Timeline } from "@sluice/planner/Timeline"

const whole = (minimum: number, maximum: number) => Schema.Int.check(Schema.isBetween({ minimum, maximum }))

describe("Timeline", () => {
  it.prop(
    "adds a round again and again as if it were told each time",
    {
      millis: whole(1, 97),
      times: whole(1, 60),
      from: whole(0, 900),
      offsets: Schema.Array(whole(1, 97)),
      cuts: Schema.Array(whole(0, 97))
    },
    ({ cuts, from, millis, offsets, times }) => {
      const instants = offsets.map((offset) => 1 + (offset % millis)).toSorted((a, b) => a - b)
      const ends = [...new Set(cuts.map((cut) => cut % (millis + 1)))].toSorted((a, b) => a - b)
      const spans = ends.flatMap((start, i) => {
        const end = ends[i + 1]
        return i % 2 === 0 && end !== undefined ? [[start, end] as const] : []
      })
      const [told, repeated] = [new Timeline(1, 1), new Timeline(1, 1)]
      for (let round = 0; round < times; round++) {
        for (const offset of instants) told.add(0, from + round * millis + offset, 1)
        for (const [start, end] of spans) told.span(0, from + round * millis + start, from + round * millis + end)
      }
      repeated.repeat({ instants: [instants], spans: [spans] }, from, millis, times)
      const bucketMillis = Math.max(told.bucketMillis, repeated.bucketMillis)
      told.widen(bucketMillis)
      repeated.widen(bucketMillis)
      const sums = ({ done, held }: Timeline) =>
        [done, held].map(([row = []]) => Array.from({ length: 300 }, (_, i) => row[i] ?? 0))
      assert.deepStrictEqual(sums(repeated), sums(told))
    },
    { arbitrary: { runs: 300, size: 1000 } }
  )
})
