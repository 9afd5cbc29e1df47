/**
 * The state of an `Admission` and its `WaitingRoom` as numbers, instants as seen from now.
 *
 * Two states with the same numbers go on alike: whatever is asked and told after one of them, so long after `now`, is
 * decided as after the other. What cannot change a decision is left out, and why stands beside it.
 */
import type { Admission, Permit } from "./Admission.ts"
import type { AnswerLog } from "./admission/AnswerLog.ts"
import type { Book } from "./admission/Book.ts"
import { BucketBook } from "./admission/BucketBook.ts"
import type { Waiter } from "./admission/Flow.ts"
import type { Lane } from "./admission/Lane.ts"
import { LoggedBook } from "./admission/LoggedBook.ts"
import type { ServerClock } from "./admission/ServerClock.ts"
import { ConcurrencyBook, IdleResetBook } from "./admission/SimpleBooks.ts"
import { SlidingBook } from "./admission/SlidingBook.ts"
import { WindowBook } from "./admission/WindowBook.ts"
import type { WaitingRoom } from "./WaitingRoom.ts"

export type { Book, ServerClock }

/** Takes the numbers one by one. */
export type Put = (value: number) => void

/** The books of one counter at `now`. Books that nobody will ask again need not be told. */
export const putBook = (book: Book, now: number, put: Put): void => {
  const { caution, clock, gate, pace, quota } = book
  const putAt = (at: number) => put(at - now)
  put(book.cooling)
  put(book.ceiling)
  put(book.inFlight)
  put(book.foreign)
  put(book.holders)
  put(book.refused)
  putLog(book["abandoned"], now, put)
  // `booked` only grows, and is only compared with the base that a permit took from it: see `putPermit`.
  if (book.refused > 0) putAt(book["acceptedAt"])
  putAt(gate["closedAt"])
  putAt(gate["closedUntil"])
  put(Number(gate["isShut"]))
  putAt(gate["probeAt"])
  put(gate["probeEvery"])
  put(gate["width"])
  put(gate["fallback"])
  putAt(pace["nextAt"])
  put(pace["interval"])
  put(pace["slowInterval"])
  putAt(pace["slowUntil"])
  put(caution.limit)
  put(caution.extraMillis)
  put(caution.strikes)
  putAt(caution["noticedAt"])
  putAt(caution["growsAt"])
  put(caution["growEvery"])
  putAt(caution["calmAt"])
  if (quota.countsOnArrival || quota.latencyFloorMillis > 0) {
    const samples = book["latencySamples"]
    put(Math.min(samples, 100))
    put(samples % 1000)
    put(book["latencyMinimum"])
    put(book["latencyPrevious"])
  }
  if (book instanceof LoggedBook) {
    put(book["quantum"] === 1 ? 0 : now % book["quantum"])
    putLog(book["log"], now, put)
    putLog(book["foreignLog"], now, put)
  }
  if (book instanceof SlidingBook) put(book["window"])
  if (book instanceof WindowBook) putWindow(book, clock, now, put)
  if (book instanceof BucketBook) {
    put(book["interval"])
    put(book["debt"])
    putAt(book["leakedAt"])
  }
  if (book instanceof IdleResetBook) {
    put(book["spent"])
    putAt(book["lastAnswerAt"])
  }
  if (book instanceof ConcurrencyBook) putLog(book["releasing"], now, put)
}

const putWindow = (book: WindowBook, clock: ServerClock, now: number, put: Put): void => {
  put(Number(book["isDoubted"]))
  put(book["doubtedUntil"] - now)
  put(book["doubtMillis"])
  put(book["distrustedFrom"] - now)
  put(book["distrustedUntil"] - now)
  put(book["resetFrom"] - now)
  put(book["resetBy"] - now)
  if (book["phase"] === "clock") {
    put(clock.version - book["clockVersion"])
    put(clock.steps - book["clockSteps"])
  }
  if (book["scout"].slots > 0) {
    put(book["scout"]["sentAt"] - now)
    put(book["fullAt"] - now)
  }
}

/** Entries in their order; where in its ring a log begins changes nothing. */
const putLog = (log: AnswerLog, now: number, put: Put): void => {
  put(log.length)
  put(log["freed"])
  for (let i = 0; i < log.length; i++) {
    put(log.stampAt(i) - now)
    put((log["frees"][log["index"](i)] ?? 0) - now)
    put(log.unitsAt(i))
  }
}

/**
 * What is known of a server's clock. Only windows that keep to it, and resets that it is to tell, depend on it; the turn
 * of its second depends on our own as well.
 */
export const putClock = (clock: ServerClock, now: number, put: Put): void => {
  put(now % 1000)
  put(clock["minimum"])
  put(clock["minimumAt"] - now)
  put(clock["maximum"])
  put(clock["maximumAt"] - now)
  put(clock["drift"])
  put(clock.latency)
  // The hour since a contradiction matters only while the drift that it doubled lasts.
  put(clock["drift"] > 0.001 ? clock["steppedAt"] - now : 0)
}

/** A request under way: what its answer will be held against. */
export const putPermit = (permit: Permit, now: number, put: Put): void => {
  put(permit.admittedAt - now)
  permit.books.forEach((book, i) => put((permit.ownBases[i] ?? 0) + book["booked"]))
}

/**
 * Who waits where, in which order, and what the room will look at next; `idOf` tells alike waiters from others. Deadlines
 * are not told: nobody is to have one.
 */
export const putRoom = <W extends Waiter>(
  room: WaitingRoom<W>,
  admission: Pick<Admission, "books">,
  now: number,
  idOf: (waiter: W) => number,
  put: Put
): void => {
  if (room.size === 0 && room["lanes"].size === 0 && room["wakes"].size === 0) return put(0)
  put(room.size)
  const places = new Map([...admission.books.values()].map((book, index) => [book, index]))
  const laneId = (lane: Lane) => (room["lanes"].get(lane.book) === lane ? (places.get(lane.book) ?? -1) : -2)
  const ranks = rankOf(room)
  for (const lane of room["lanes"].values()) {
    put(laneId(lane))
    put(lane.nextAt - now)
    // How far tenants have come is not told: with one alone, nothing depends on it.
    const tenants = new Set([...lane.flows()].map(({ flow }) => flow.tenant))
    if (tenants.size > 1) put(NaN)
    for (const waiter of lane.waiters()) {
      const { permit } = waiter
      // Whoever asks knows what waits in its room.
      put(idOf(waiter as W))
      put(permit.priority)
      put(ranks.get(permit) ?? -1)
      put(permit.reservesBut)
      if (permit.reservesBut >= 0) put(permit.blockedUntil - now)
    }
  }
  // Entries of lanes that are gone wake nobody, but stand in the order of those that do.
  for (const { at, value } of room["wakes"]["entries"]) {
    put(at - now)
    put("first" in value ? laneId(value) : -3)
  }
}

/** Sequences only grow; what counts is who came before whom. */
const rankOf = <W extends Waiter>(room: WaitingRoom<W>): ReadonlyMap<Permit, number> => {
  const permits: Array<Permit> = []
  for (const lane of room["lanes"].values()) {
    for (const { permit } of lane.waiters()) permits.push(permit)
  }
  permits.sort((a, b) => a.sequence - b.sequence)
  return new Map(permits.map((permit, index) => [permit, index]))
}
