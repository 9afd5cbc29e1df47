/** What senders and people do with tickets in Redis, by scripts: store, cancel, retry and forget them. */
import { Effect } from "effect"
import type { Redis } from "effect/persistence"
import type { OutboxStore } from "../OutboxStore.ts"
import * as Questions from "./Questions.ts"
import * as Scripts from "./Scripts.ts"
import { correctionOf, expiryOf, failing, fieldsOf, moved, storedOf } from "./Telling.ts"

type Operations = Pick<OutboxStore["Service"], "insert" | "cancel" | "retry" | "purge">

export const storing = (redis: Redis.Redis["Service"], base: string): Operations => ({
  insert: (ticket, now) =>
    redis
      .eval(Scripts.insert)(base, now, ticket.supersedes ? "1" : "0", ...fieldsOf(ticket))
      .pipe(Effect.asVoid, failing("store a call")),

  cancel: (id, now) =>
    redis
      .eval(Scripts.cancel)(base, now, id)
      .pipe(
        Effect.flatMap((state) => moved(id, "cancel", state, ["waiting", "taken", "failed", "cancelled"])),
        failing("cancel a ticket")
      ),

  retry: (id, { call, expiresAt }, now) => {
    const expiry = expiresAt == null ? { text: "", said: "" } : expiryOf(expiresAt)
    const retrying = (corrected: ReadonlyArray<string | number>) =>
      redis.eval(Scripts.retry)(
        base,
        now,
        id,
        expiresAt === undefined ? "" : (expiresAt ?? "none"),
        expiry.text,
        expiry.said,
        ...corrected
      )
    return Effect.gen(function* () {
      if (call === undefined) return yield* retrying([])
      // What a search looks through of the call begins with what does not change.
      const [ticket] = yield* Effect.flatMap(redis.eval(Questions.get)(base, id), storedOf)
      return ticket === undefined ? null : yield* retrying(correctionOf(ticket, call))
    }).pipe(
      Effect.flatMap((state) => moved(id, "retry", state, ["failed"])),
      failing("send a dead letter again")
    )
  },

  purge: (before) =>
    Effect.gen(function* () {
      let forgotten = 0
      for (let last = -1; last !== 0; forgotten += last) last = yield* redis.eval(Scripts.purge)(base, before)
      return forgotten
    }).pipe(failing("forget tickets"))
})
