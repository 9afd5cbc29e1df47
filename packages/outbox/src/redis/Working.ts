/** What workers do with tickets in Redis, by scripts: take what is ready, mark it as sent, and write down how it ended. */
import { Effect } from "effect"
import type { Redis } from "effect/persistence"
import type { OutboxStore } from "../OutboxStore.ts"
import { failureWords } from "../status/Seen.ts"
import * as Scripts from "./Scripts.ts"
import { endOf, failing, lostWhileSending, storedOf } from "./Telling.ts"

type Operations = Pick<OutboxStore["Service"], "tend" | "take" | "recall" | "begin" | "end" | "renew">

export const working = (redis: Redis.Redis["Service"], base: string): Operations => ({
  tend: (worker, now) =>
    redis
      .eval(Scripts.tend)(base, now, worker, lostWhileSending.text, lostWhileSending.said)
      .pipe(
        Effect.map((found) => found === 1),
        failing("tend its tickets")
      ),

  take: ({ provider, route }, { limit, now, until, worker }) =>
    redis
      .eval(Scripts.take)(base, now, provider, route, worker, until, limit)
      .pipe(
        Effect.flatMap(
          Effect.forEach((flats) =>
            Effect.map(storedOf(flats), ([own, ...merged]) => (own === undefined ? [] : [{ ...own, merged }]))
          )
        ),
        Effect.map((taken) => taken.flat()),
        failing("take tickets")
      ),

  recall: (worker, known, now) =>
    redis
      .eval(Scripts.recall)(base, now, worker, ...known)
      .pipe(Effect.asVoid, failing("give back what it has taken")),

  begin: (id, { merged = 0, now, until, worker }) =>
    redis
      .eval(Scripts.begin)(base, now, id, worker, until, merged)
      .pipe(
        Effect.map((begun) => begun === 1),
        failing("mark a ticket as sent")
      ),

  end: (id, worker, end, now) => {
    const { dueAt = 0, isHolding = true, isInDoubt = false, text, why } = endOf(end)
    const { said, saidWhole } = failureWords(why)
    const flags = [isHolding ? "1" : "0", isInDoubt ? "1" : "0"]
    return redis
      .eval(Scripts.end)(base, now, id, worker, end._tag, text, ...flags, dueAt, said, saidWhole ?? "")
      .pipe(
        Effect.map((ended) => ended === 1),
        failing("write down how a call ended")
      )
  },

  renew: ({ until, worker }) =>
    redis.eval(Scripts.renew)(base, 0, worker, until).pipe(Effect.asVoid, failing("keep what it has taken"))
})
