/**
 * How a limiter stands, for all who look: read anew four times a second at most while somebody does, and once a second for the
 * last ten minutes.
 *
 * Reading takes time where quotas are many. So there is a rest after each that is so many times as long, and what looking costs
 * the limiter is bounded.
 */
import { RateLimiter } from "@sluice/core"
import type { History, Limits } from "@sluice/page/Limits"
import * as Patch from "@sluice/page/Patch"
import * as Live from "@sluice/page/Live"
import { Clock, Duration, Effect, type Scope, Stream } from "effect"
import { Happenings } from "./Happenings.ts"
import { Histories } from "./Histories.ts"
import * as Rows from "./Rows.ts"

const lookEveryMillis = 250
const noteEveryMillis = 1000
/** Short enough for nothing to be lost of ten thousand events a second. */
const hearEvery = "100 millis"
/** Rests are so many times as long as the reading before: it takes a hundredth of the time when watched, and a fifth of that when not. */
const restWhileWatched = 100
const restOtherwise = 500

export interface Watch {
  readonly state: Effect.Effect<Limits>
  readonly history: (key: string, afterMillis: number | undefined) => History
  /** The whole state, and then what changes, as server-sent events. Who is slow is told less often, and never what is wrong. */
  readonly events: Stream.Stream<string>
}

export const make: Effect.Effect<Watch, never, RateLimiter.RateLimiter | Scope.Scope> = Effect.gen(function* () {
  const limiter = yield* RateLimiter.RateLimiter
  const happenings = new Happenings()
  const histories = new Histories()
  let limits: Limits = { at: 0, scope: "process", quotas: {}, hidden: 0, happenings: [] }
  let lookedAt = -Infinity
  let tookMillis = 0

  yield* limiter.events.pipe(
    // What comes in between is taken together: to be woken for each would cost more than all the rest.
    Stream.runForEachArray((events) =>
      Effect.gen(function* () {
        const at = yield* Clock.currentTimeMillis
        for (const event of events) happenings.add(event, at)
        yield* Effect.sleep(hearEvery)
      })
    ),
    Effect.forkScoped({ startImmediately: true })
  )

  const lasted = Effect.map(Clock.monotonicTimeNanos, (nanos) => Number(nanos) / 1e6)
  const shows = (scope: Limits["scope"], statuses: ReadonlyArray<RateLimiter.QuotaStatus>) =>
    Effect.map(Clock.currentTimeMillis, (at) => {
      const rows = Rows.make(statuses)
      limits = { at, scope, ...rows, happenings: happenings.tell(at, Object.values(rows.quotas)) }
      return limits
    })

  /** Over all workers, for who looks. */
  const look = Effect.gen(function* () {
    const now = yield* lasted
    if (now - lookedAt < lookEveryMillis * 0.8) return limits
    lookedAt = now
    const { quotas, scope } = yield* limiter.survey()
    return yield* shows(scope, quotas)
  })

  const rest = (atLeastMillis: number, times: number) =>
    Effect.suspend(() => Effect.sleep(Duration.millis(Math.max(atLeastMillis, tookMillis * times))))

  const note = Effect.gen(function* () {
    const started = yield* lasted
    const statuses = yield* limiter.status()
    // What others see is noted, too: this process alone may know less.
    if (started - lookedAt > 2 * noteEveryMillis) yield* shows("process", statuses)
    tookMillis = (yield* lasted) - started
    histories.note(limits, happenings.takeTurnedAway())
  })

  yield* note.pipe(
    Effect.andThen(rest(noteEveryMillis, restOtherwise)),
    Effect.forever,
    Effect.forkScoped({ startImmediately: true })
  )

  const events = Stream.unwrap(
    Effect.map(look, (first) => {
      const changes = Stream.unfold(first, (before) =>
        Effect.map(Effect.andThen(rest(lookEveryMillis, restWhileWatched), look), (after) => {
          const patch = Patch.between(before, after)
          return [Patch.isEmpty(patch) ? "" : Live.event(patch, "change"), after] as const
        })
      )
      return Stream.concat(
        Stream.make(Live.event(first, "whole")),
        Stream.filter(changes, (event) => event !== "")
      )
    })
  )

  return { state: look, history: (key, afterMillis) => histories.read(key, afterMillis), events }
})
