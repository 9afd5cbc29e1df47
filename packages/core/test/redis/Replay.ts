/** Plays a vector's calls on the script in Redis, all of them at once: one connection keeps their order. */
import { type Answer, Call } from "@sluice/core/redis/Call"
import * as Claim from "@sluice/core/Claim"
import { Effect } from "effect"
import { claimsOf, numbersText, type Result, type Vector } from "./Vector.ts"
import { loaded, type Way } from "./Way.ts"

/** What the script gives for each step. `name` keeps one replay's keys from another's. */
export const replay = Effect.fnUntraced(function* (vector: Vector, name: string, way: Way) {
  const run = yield* loaded(way)
  const claims = claimsOf(vector)
  return yield* Effect.forEach(
    vector.steps,
    (step) => {
      const claim = claims[step.claim] ?? Claim.of()
      const lease = `permit ${step.permit}`
      const call = new Call({
        layout: { prefix: name, tagBy: "partition" },
        abandonMillis: vector.abandonMillis,
        maxPauseMillis: vector.maxPauseMillis,
        stance: vector.stance,
        at: step.at,
        shows: true
      }).look(claim)
      if (step.do === "ask") call.want(claim, lease, 1, undefined)
      else if (step.do === "settle") call.end(claim, lease, 1, step.outcome, step.signal, step.wall)
      else call.release(claim, lease, 1, step.end)
      return Effect.map(run(call), (lines): Result => {
        const { answers, closedUntil, shown } = call.read(lines)
        const [answer] = answers
        const decision = answer?._tag === "Granted" ? "Admitted" : wordsOf(answer)
        const gives = step.do === "ask" ? decision : step.do === "settle" ? String(closedUntil[0]) : ""
        return {
          gives,
          books: claim.needs.map(({ key }) => {
            const { at: _, ...books } = shown.get(key) ?? {}
            return numbersText(Object.values(books))
          })
        }
      })
    },
    { concurrency: "unbounded" }
  )
})

/** An answer's instant is what the vector tells; how long it is until then follows from it. */
const wordsOf = (answer: Answer | undefined): string => {
  const {
    afterMillis: _,
    askAfterMillis: __,
    turn: ___,
    ...said
  } = { afterMillis: 0, askAfterMillis: 0, turn: 0, ...answer }
  return Object.values(said).join(" ")
}
