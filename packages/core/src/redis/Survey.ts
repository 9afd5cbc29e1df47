/**
 * What is asked for somebody who looks at all workers at once: Redis how the books stand, and the other workers who waits there.
 *
 * Redis knows which workers wait in a line, but neither for whom nor how many calls: so each worker is asked by a message, and tells
 * what waits there, if anything does. Whoever does not answer in time is left out until the next look.
 */
import { Duration, Effect, Fiber, Option, Schema, type Scope } from "effect"
import { Redis } from "effect/persistence"
import type { Book } from "../admission/Book.ts"
import type { Waiting } from "../admission/Lane.ts"
import * as Library from "./Library.ts"
import * as Messages from "./Messages.ts"
import type { RateLimiterStore } from "../RateLimiterStore.ts"
import type { RedisStore } from "./RedisStore.ts"

export interface Options {
  readonly prefix: string
  readonly worker: string
  readonly store: RedisStore
  /** This process's monotonic clock, in milliseconds. */
  readonly now: () => number
}

/** Who waits, by counter. */
type WhoWaits = ReadonlyMap<string, ReadonlyArray<Waiting>>

export type Survey = NonNullable<RateLimiterStore["Service"]["survey"]>

const everyMillis = 1000
/** So long others have to answer. */
const patience = Duration.millis(60)
/** Without an answer of Redis after so long, the books are shown as they were. */
const longest = Duration.seconds(2)
/** A worker tells of so many counters, at most. */
const mostCounters = 200

const Group = Schema.Tuple([Schema.Finite, Schema.String, Schema.Int, Schema.Finite, Schema.Finite])
/** A counter, and those who wait for it: priority, tenant, calls, units, and for how long the first has waited. */
const Told = Schema.fromJsonString(Schema.Array(Schema.Tuple([Schema.String, Schema.Array(Group)])))
const toldOf = Schema.decodeUnknownOption(Told)

export const make = ({
  now,
  prefix,
  store,
  worker
}: Options): Effect.Effect<Survey, never, Redis.Redis | Scope.Scope> =>
  Effect.gen(function* () {
    const redis = yield* Redis.Redis
    const scope = yield* Effect.scope
    const questions = `${prefix}:survey`
    let waitingFor: (book: Book) => ReadonlyArray<Waiting> = () => []
    let others = new Map<string, Array<Waiting>>()
    let last: { readonly at: number; readonly fiber: Fiber.Fiber<WhoWaits> } | undefined

    yield* Messages.heard(redis, questions, (asker) => {
      if (asker === worker) return
      const told = [...store.books]
        .map(([key, book]) => [key, waitingFor(book)] as const)
        .filter(([, groups]) => groups.length > 0)
        .slice(0, mostCounters)
        .map(([key, groups]) => [
          key,
          groups.map(({ calls, priority, since, tenant, units }) => [priority, tenant, calls, units, now() - since])
        ])
      if (told.length === 0) return
      Effect.runFork(Effect.ignore(redis.send("PUBLISH", `${questions}:${asker}`, JSON.stringify(told))))
    })

    yield* Messages.heard(redis, `${questions}:${worker}`, (text) => {
      const told = Option.getOrElse(toldOf(text), () => [])
      for (const [key, groups] of told) {
        const known = others.get(key) ?? []
        others.set(key, known)
        for (const [priority, tenant, calls, units, waited] of groups) {
          known.push({ priority, tenant, calls, units, since: now() - waited })
        }
      }
    })

    const look: Effect.Effect<WhoWaits> = Effect.gen(function* () {
      others = new Map()
      yield* redis.send("PUBLISH", questions, worker)
      yield* Effect.forEach(
        store.looks(),
        (call) => {
          const calledAt = now()
          return Effect.map(Library.call(call.keys, call.args), (lines) => store.sees(call.read(lines), calledAt))
        },
        { concurrency: 4, discard: true }
      )
      yield* Effect.sleep(patience)
      return others
    }).pipe(
      Effect.provideService(Redis.Redis, redis),
      Effect.timeout(longest),
      // Redis is away: what is known here is shown.
      Effect.catch(() => Effect.succeed(new Map()))
    )

    return {
      look: Effect.suspend(() => {
        if (last !== undefined && now() - last.at < everyMillis) return Fiber.join(last.fiber)
        return Effect.flatMap(Effect.forkIn(look, scope), (fiber) => {
          last = { at: now(), fiber }
          return Fiber.join(fiber)
        })
      }).pipe(Effect.map((elsewhere) => (counter, here) => joined(here, elsewhere.get(counter) ?? []))),
      tells: (waits) => {
        waitingFor = waits
      }
    }
  })

/** Those of one priority and tenant are one group, wherever they wait. */
const joined = (here: ReadonlyArray<Waiting>, elsewhere: ReadonlyArray<Waiting>): ReadonlyArray<Waiting> => {
  if (elsewhere.length === 0) return here
  const groups = new Map<string, Waiting>()
  for (const group of [...here, ...elsewhere]) {
    const key = `${group.priority} ${group.tenant}`
    const known = groups.get(key)
    groups.set(key, {
      ...group,
      calls: group.calls + (known?.calls ?? 0),
      units: group.units + (known?.units ?? 0),
      since: Math.min(group.since, known?.since ?? Infinity)
    })
  }
  return [...groups.values()]
}
