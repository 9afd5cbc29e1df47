import type { Crowd } from "../Admission.ts"
import type { Waiter } from "../admission/Flow.ts"
import { goesBefore } from "../admission/Turns.ts"

/** Those of a crowd who go first, in the order in which they go if nobody else comes; so many at most. */
export const upcoming = ({ costOf, foremost }: Crowd, most: number): ReadonlyArray<Waiter> => {
  const going: Array<Waiter> = []
  const flows = foremost.toSorted((a, b) => (goesBefore(a, b) ? -1 : 1)).slice(0, most)
  const turns = flows.map((flow) => ({ flow, next: flow.first, startTag: flow.startTag }))
  while (going.length < most) {
    let least: (typeof turns)[number] | undefined
    for (const turn of turns) {
      if (turn.next && (!least?.next || isSooner(turn.startTag, turn.next, least.startTag, least.next))) least = turn
    }
    if (!least?.next) break
    going.push(least.next)
    least.startTag += costOf(least.next) / least.flow.weight
    least.next = least.next.after
  }
  return going
}

const isSooner = (aTag: number, a: Waiter, bTag: number, b: Waiter): boolean =>
  aTag !== bTag ? aTag < bTag : a.permit.sequence < b.permit.sequence
