/** The operations of a store in Redis that only look, by their scripts. */
import { Effect } from "effect"
import type { Redis } from "effect/persistence"
import { TicketUnknown } from "../OutboxError.ts"
import { mostSearched, type OutboxStore, type Stored } from "../OutboxStore.ts"
import { tallyOf } from "../store/Tally.ts"
import * as Questions from "./Questions.ts"
import type { Flat } from "./Scripts.ts"
import { failing, storedOf } from "./Telling.ts"

type Operations = Pick<
  OutboxStore["Service"],
  "get" | "find" | "standings" | "tally" | "routes" | "changes" | "revision" | "nextAt"
>

export const looking = (redis: Redis.Redis["Service"], base: string): Operations => ({
  get: (id) =>
    redis
      .eval(Questions.get)(base, id)
      .pipe(
        Effect.flatMap(storedOf),
        Effect.flatMap(([ticket]) => (ticket ? Effect.succeed(ticket) : Effect.fail(new TicketUnknown({ id })))),
        failing("look a ticket up")
      ),

  find: ({ limit, provider = "", search, states = [], subject = "", ...query }) =>
    Effect.gen(function* () {
      const { sees = { queries: false, bodies: false }, words = [] } = search ?? {}
      const seen = [sees.queries ? "1" : "0", sees.bodies ? "1" : "0"]
      const found: Array<Stored> = []
      let after = String(query.after ?? 0)
      const most = search === undefined ? Infinity : mostSearched
      for (let looked = 0; looked < most; looked += Questions.page) {
        const left = limit + 1 - found.length
        const [tickets, next]: readonly [ReadonlyArray<Flat>, string | null] = yield* redis.eval(Questions.find)(
          base,
          after,
          left,
          provider,
          subject,
          ...seen,
          words.length,
          ...words,
          ...states
        )
        found.push(...(yield* storedOf(tickets)))
        if (found.length > limit) return { tickets: found.slice(0, limit), next: found[limit - 1]?.place ?? null }
        if (next === null) return { tickets: found, next }
        after = next
      }
      return { tickets: found, next: Number(after) }
    }).pipe(failing("list tickets")),

  standings: (tickets) =>
    redis
      .eval(Questions.standings)(base, ...tickets.map(({ id }) => id))
      .pipe(
        Effect.map((all) => all.map(([ahead, blocker]) => ({ ahead, blocker: blocker === "" ? undefined : blocker }))),
        failing("count tickets")
      ),

  tally: redis
    .eval(Questions.tally)(base)
    .pipe(
      Effect.flatMap(
        Effect.forEach(([provider, route, waiting, joining, taken, sending, failed, last]) =>
          Effect.map(storedOf(last.length === 0 ? [] : [last]), ([last]) =>
            tallyOf({ provider, route, waiting, joining, taken, sending, failed }, last)
          )
        )
      ),
      failing("count tickets")
    ),

  routes: (providers) =>
    redis
      .eval(Questions.routes)(base, ...providers)
      .pipe(
        Effect.map((found) => found.map(([provider, route]) => ({ provider, route }))),
        failing("list routes")
      ),

  changes: (after, limit) =>
    redis.eval(Questions.changes)(base, after, limit).pipe(Effect.flatMap(storedOf), failing("read its changes")),

  revision: redis.eval(Questions.revision)(base).pipe(Effect.map(Number), failing("read its changes")),

  nextAt: (worker) =>
    redis
      .eval(Questions.nextAt)(base, worker)
      .pipe(
        Effect.map((found) => Math.min(...found.map(Number))),
        failing("look for what comes next")
      )
})
