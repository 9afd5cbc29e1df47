import { assert, describe, it } from "@effect/vitest"
import { readFileSync } from "node:fs"
import { Player, type Vector } from "./Vector.ts"

const stored = JSON.parse(
  readFileSync(new URL("../fixtures/admission-vectors.json", import.meta.url), "utf8")
) as ReadonlyArray<Vector>

describe("Admission", () => {
  for (const vector of stored) {
    it(`answers as recorded: ${vector.family} ${vector.seed}`, () => {
      const player = new Player(vector)
      vector.steps.forEach((step, i) => {
        assert.deepStrictEqual(player.play(step), { gives: step.gives, books: step.books }, `call ${i}`)
      })
    })
  }
})
