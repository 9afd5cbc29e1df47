import { assert, layer } from "@effect/vitest"
import { Effect } from "effect"
import { readFileSync } from "node:fs"
import { families, historyOf } from "./History.ts"
import { describeRedis, layer as layerRedis } from "./RedisServer.ts"
import { replay } from "./Replay.ts"
import type { Vector } from "./Vector.ts"
import { type Way, ways } from "./Way.ts"

const stored = JSON.parse(
  readFileSync(new URL("../fixtures/admission-vectors.json", import.meta.url), "utf8")
) as ReadonlyArray<Vector>

/** More by `SLUICE_HISTORIES`; the seed of a failure and its history up to there are in its message. */
const histories = Number(process.env["SLUICE_HISTORIES"] ?? 60)

const agrees = Effect.fnUntraced(function* (vector: Vector, name: string, way: Way = "FCALL") {
  const results = yield* replay(vector, name, way)
  vector.steps.forEach((step, i) => {
    const { books, gives } = step
    if (JSON.stringify(results[i]) === JSON.stringify({ gives, books })) return
    const history = JSON.stringify({ ...vector, steps: vector.steps.slice(0, i + 1) })
    assert.deepStrictEqual(results[i], { gives, books }, `call ${i} of ${history}`)
  })
})

describeRedis("Lua and Admission", () => {
  layer(layerRedis, { excludeTestServices: true })((it) => {
    for (const family of families) {
      it.effect(`give the same answers: ${family}`, () =>
        Effect.forEach(
          Array.from({ length: family === "long" ? Math.ceil(histories / 8) : histories }, (_, seed) => seed),
          (seed) => agrees(historyOf(family, seed), `history:${family}:${seed}`),
          { discard: true }
        )
      )
    }

    for (const way of ways) {
      it.effect(`give the answers that are recorded, by ${way}`, () =>
        Effect.forEach(stored, (vector) => agrees(vector, `stored:${way}:${vector.family}:${vector.seed}`, way), {
          discard: true
        })
      )
    }
  })
})
