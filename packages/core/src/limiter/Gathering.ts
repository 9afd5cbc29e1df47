/** Reads evidence off the books, and keeps it beside what it is about. */
import type { Permit } from "../Admission.ts"
import type { Book } from "../admission/Book.ts"
import type { Refusal } from "../WaitingRoom.ts"
import type { Evidence, Fact } from "./Evidence.ts"
import { numbersOf } from "./QuotaStatus.ts"

/** What a book is read with. */
interface Reader {
  readonly now: number
  /** What makes a date of a monotonic instant. */
  readonly offset: number
  readonly reserved: number
  readonly before: number
  readonly refusal: unknown
}

/** What the books say to a permit now, a fact each. */
export const gather = (
  { claim, waiter }: Permit,
  facts: ReadonlyArray<Fact>,
  now: number,
  offset: number
): Evidence => {
  const at = now + offset
  const final = facts.findIndex(({ why }) => why === "tooLarge")
  const decided = final < 0 ? latest(facts, at, Infinity) : final
  return {
    at,
    origin: claim.origin,
    partition: claim.partition,
    why: facts[decided]?.why ?? "free",
    decided,
    nextAt: facts[decided]?.at ?? at,
    waitedMillis: waiter ? now - waiter.since : 0,
    facts
  }
}

/** The same for a call that is sent away, by what sent it away. */
export const evidenceFor = (refusal: Refusal, gathered: Evidence): Evidence => {
  const { at, facts } = gathered
  if (refusal._tag === "Full") return { ...gathered, why: "queueFull" }
  if (refusal._tag === "Away") return { ...gathered, why: "store", decided: -1, nextAt: Infinity }
  // The earliest instant that is known says nothing of what only an answer can end.
  const known = refusal._tag === "Late" ? latest(facts, at, Number.MAX_VALUE) : -1
  const decided = known < 0 ? refusal.need : known
  const fact = facts[decided]
  return fact ? { ...gathered, why: fact.why, decided, nextAt: fact.at } : gathered
}

/** The first of those whose instant is the latest, of those after `now`; -1 for none. */
const latest = (facts: ReadonlyArray<Fact>, now: number, most: number): number => {
  let found = -1
  let latestAt = now
  facts.forEach(({ at }, i) => {
    if (at <= latestAt || at > most) return
    latestAt = at
    found = i
  })
  return found
}

/** What a book says to one that needs so much of it; the book has been advanced. */
export const factOf = (book: Book, cost: number, { before, now, offset, refusal, reserved }: Reader): Fact => {
  const isTooLarge = cost > book.largest
  const shutUntil = book.gate.shutUntil(now)
  const alone = shutUntil ?? book.earliest(cost, now)
  const earliest = shutUntil ?? book.earliest(cost + reserved, now)
  const inLine = before > 0 ? Math.max(now + 1, book.earliestInQueue(before + cost, now)) : now
  const barrier = shutUntil === undefined ? book.barrier(cost, now) : "closed"
  return {
    quota: book.quota,
    key: book.key,
    cost,
    ...numbersOf(book),
    free: book.free(now),
    reserved,
    before,
    closedUntil: book.closedUntil + offset,
    refusal,
    why: isTooLarge ? "tooLarge" : before > 0 || alone < earliest ? "others" : barrier,
    at: isTooLarge ? Infinity : Math.max(earliest, inLine) + offset
  }
}

const kept = new WeakMap<object, Evidence>()

/** Keeps what was decided beside the error, or the permit, that it is about. */
export const keep = (subject: unknown, evidence: Evidence): void => {
  if (typeof subject === "object" && subject !== null) kept.set(subject, evidence)
}

export const keptOf = (subject: object): Evidence | undefined => kept.get(subject)

/** What a message says of how the books of the quota that decided stood; nothing of what is zero, or was not kept. */
export const becauseOf = (error: object): string => {
  const evidence = kept.get(error)
  const fact = evidence?.facts[evidence.decided]
  if (!fact || fact.why === "tooLarge") return ""
  const told = [
    [fact.inFlight, "in flight"],
    [fact.cooling, "cooling"],
    [fact.foreign, "used by others"],
    [fact.reserved, "kept for others"],
    [fact.before, "waited for before"]
  ].flatMap(([units, what]) => (units === 0 ? [] : `${units} ${what}`))
  const expected = evidence.why === "unexpected" ? " This was not expected." : ""
  return `${expected} Our books of ${JSON.stringify(fact.quota.name)}: ${told.join(", ") || "none used"}, of ${fact.limitInForce} units.`
}
