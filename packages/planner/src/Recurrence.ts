/**
 * Finds that a run has come back to a state in which it was before, and passes over the rounds that are to come alike.
 *
 * The state is all of it, and instants are seen from now: books and their clock, counters, who waits and in which order,
 * what is under way, and the limiter's timer. It is compared number by number, with nothing left to chance. As neither the
 * limiter nor the server looks at how late it is, but for the second's turn and such phases, which are in the state, a
 * state that comes again goes on as it went on before, round for round, until a class has no calls left.
 *
 * What only grows (calls that are left, sequences, sums) is not in the state. So calls are passed over in whole rounds,
 * and only so many that all of them exist.
 */
import type { Quota } from "@sluice/core/Quota"
import * as Snapshot from "@sluice/core/Snapshot"
import { followsTime } from "./Job.ts"
import { Call, type Run } from "./Run.ts"
import type { Round } from "./Timeline.ts"

/** A round of more calls is not looked for: its notes would be large. */
const longestNotes = 1_000_000
/** So many numbers may be compared for each call that was gone through. */
const patience = 40

interface Anchor {
  readonly at: number
  readonly state: ReadonlyArray<number>
  readonly underWay: number
  readonly waiting: number
  readonly done: ReadonlyArray<number>
  readonly busyMillis: ReadonlyArray<number>
  readonly heldMillis: ReadonlyArray<ReadonlyArray<number>>
}

export class Recurrence {
  /** The length of the last round that came again, and how often it was passed over. */
  roundMillis = 0
  passedOver = 0
  private readonly run: Run
  private isLooking: boolean
  private anchor: Anchor | undefined
  private looks = 0
  private nextAnchor = 1
  private credit = 0
  private seen = 0
  private notes = 0
  private instants: Array<Array<number>>
  private spans: Array<Array<readonly [number, number]>>

  constructor(run: Run) {
    this.run = run
    const { after, before, skips } = run.job
    this.isLooking = skips && before.kind === "constant" && after.kind === "constant"
    this.instants = run.lines.map(() => [])
    this.spans = run.timeline.held.map(() => [])
  }

  done(line: number, at: number): void {
    if (!this.isLooking) return
    this.instants[line]?.push(at)
    this.notes++
  }

  held(row: number, from: number, to: number): void {
    if (!this.isLooking) return
    this.spans[row]?.push([from, to])
    this.notes++
  }

  /** Looks at the run between two instants. */
  look(now: number): void {
    const { run } = this
    if (!this.isLooking || run.events.size === 0 || !run.origin.isPlain) return
    this.credit += (run.simulated - this.seen) * patience
    this.seen = run.simulated
    const { anchor } = this
    if (anchor && this.mayBe(anchor, now) && this.credit > 0 && this.isSame(anchor.state, now)) {
      return this.passOver(anchor, now)
    }
    if (++this.looks < this.nextAnchor) return
    // Anchors lie further and further apart: whatever the round, one of them will be in it, and near enough.
    this.looks = 0
    this.nextAnchor *= 2
    if (this.notes > longestNotes) this.isLooking = false
    else this.drop(now)
  }

  private drop(now: number): void {
    const { lines, room } = this.run
    this.run.flush(now)
    this.notes = 0
    for (const list of [...this.instants, ...this.spans]) list.length = 0
    const state: Array<number> = []
    this.put(now, (value) => state.push(value) > 0)
    this.credit -= state.length
    this.anchor = {
      at: now,
      state,
      underWay: lines.reduce((sum, line) => sum + line.underWay, 0),
      waiting: room.size,
      done: lines.map((line) => line.done),
      busyMillis: lines.map((line) => line.busyMillis),
      heldMillis: lines.map((line) => [...line.heldMillis])
    }
  }

  /** What costs nothing to see. */
  private mayBe({ at, underWay, waiting }: Anchor, now: number): boolean {
    const { lines, room } = this.run
    if (room.size !== waiting || (this.tellsTime && (now - at) % 1000 !== 0)) return false
    return lines.reduce((sum, line) => sum + line.underWay, 0) === underWay
  }

  private isSame(state: ReadonlyArray<number>, now: number): boolean {
    let index = 0
    const isSame = this.put(now, (value) => state[index++] === value)
    this.credit -= index
    return isSame && index === state.length
  }

  /** Whether anything depends on what the server tells of the time. */
  private get tellsTime(): boolean {
    for (const { foreign, quota } of this.run.admission.books.values()) {
      if (followsTime(quota) || foreign > 0) return true
    }
    return false
  }

  /** Tells the whole state; ends early once `take` does not go on. */
  private put(now: number, take: (value: number) => boolean): boolean {
    const { admission, events, lines, origin, room, wakeAt } = this.run
    let goesOn = true
    const put = (value: number) => {
      goesOn = goesOn && take(value)
    }
    for (const { at, value } of events.inOrder()) {
      if (value instanceof Call) {
        put(at - now)
        put(value.lineIndex)
        put(value.stage === "out" ? 0 : 1)
        put(value.endAt - now)
        Snapshot.putPermit(value.permit, now, put)
      } else if (value.wakesAt === wakeAt) {
        put(at - now)
        put(-1)
      }
    }
    if (!goesOn) return false
    for (const line of lines) {
      put(Number(line.isActive))
      put(line.heldBy)
      put(line.waiting.size)
    }
    Snapshot.putRoom(room, admission, now, (call) => call.lineIndex, put)
    if (!goesOn) return false
    const active = lines.filter((line) => line.isActive)
    origin.put(
      active.map(({ load }) => load.arrival),
      now,
      put
    )
    const keys = new Set(active.flatMap(({ load }) => load.claim.needs.map(({ key }) => key)))
    const { tellsTime } = this
    for (const [key, book] of admission.books) {
      if (!goesOn) return false
      if (!keys.has(key)) continue
      Snapshot.putBook(book, now, put)
      // A spread that is no whole number of milliseconds is rounded by how late it is.
      if (spreads(book.quota, book.foreign)) put(NaN)
      if (tellsTime) Snapshot.putClock(book.clock, now, put)
    }
    return goesOn
  }

  private passOver(anchor: Anchor, now: number): void {
    const { run } = this
    const { job, lines } = run
    run.flush(now)
    const millis = now - anchor.at
    const deltas = lines.map((line, i) => line.done - (anchor.done[i] ?? 0))
    const untilDeadline = job.deadlineMillis - run.now
    const times = Math.min(
      ...lines.map((line, i) => ((deltas[i] ?? 0) > 0 ? Math.floor(line.left / (deltas[i] ?? 1)) : Infinity)),
      untilDeadline >= 0 ? Math.floor(untilDeadline / millis) : Infinity
    )
    if (times >= 1 && Number.isFinite(times)) {
      const round: Round = {
        instants: this.instants.map((list) => list.map((at) => at - anchor.at)),
        spans: this.spans.map((list) => list.map(([start, end]) => [start - anchor.at, end - anchor.at] as const))
      }
      run.timeline.repeat(round, run.now, millis, times)
      this.roundMillis = millis
      this.passedOver += times
      run.skippedMillis += millis * times
      for (const [i, line] of lines.entries()) {
        const delta = deltas[i] ?? 0
        line.left -= delta * times
        line.done += delta * times
        if (delta > 0) line.doneAt += millis * times
        line.busyMillis += (line.busyMillis - (anchor.busyMillis[i] ?? 0)) * times
        line.heldMillis.forEach((held, row) => {
          line.heldMillis[row] = held + (held - (anchor.heldMillis[i]?.[row] ?? 0)) * times
        })
      }
    }
    // What is left is less than a round, or lies past the deadline: it is looked at anew.
    this.anchor = undefined
    this.looks = 0
    this.nextAnchor = 1
    this.drop(now)
  }
}

const spreads = ({ pacing, slowBelow }: Quota, foreign: number) =>
  pacing === "even" || slowBelow?.when === "always" || (slowBelow !== undefined && foreign > 0)
