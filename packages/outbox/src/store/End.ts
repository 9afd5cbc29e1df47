/** How the end of an attempt is written down. */
import type { Statement } from "effect/sql"
import type { Failure } from "../Failure.ts"
import type { End } from "../OutboxStore.ts"
import * as Rows from "./Rows.ts"
import type { Tickets } from "./Tickets.ts"

export interface Written {
  readonly set: Statement.Fragment
  /** Whether it still holds what is behind it. */
  readonly isHolding: boolean
  /** What is to be told of it, if that has changed. */
  readonly why: Failure | null
}

export const endOf = ({ ended, sql, together, unowned }: Tickets, end: End): Written => {
  const uncounted = sql`attempts = CASE WHEN state = 'sending' THEN attempts - 1 ELSE attempts END`
  switch (end._tag) {
    case "Done":
      return {
        set: sql`${ended}, state = 'done', in_doubt = 0, answer = ${Rows.encodeAnswer(end.answer)}`,
        isHolding: false,
        why: null
      }
    case "Apart":
      return {
        set: sql`${unowned}, due_at = 0, ${uncounted}, state = 'waiting', trouble = ${Rows.encodeTrouble(end.trouble)},
          merge_key = NULL, merged_into = NULL`,
        isHolding: true,
        why: end.trouble
      }
    case "Failed": {
      const isHolding = end.failure._tag !== "Expired"
      return {
        set: sql`${unowned}, behind = 0, holds = ${isHolding ? 1 : 0}, state = 'failed',
          failure = ${Rows.encodeFailure(end.failure)}, in_doubt = ${end.isInDoubt ? 1 : 0}`,
        isHolding,
        why: end.failure
      }
    }
    case "Unsent":
      return {
        set: sql`${unowned}, ${together}, due_at = ${end.dueAt}, ${uncounted},
          trouble = ${end.trouble === null ? sql`trouble` : Rows.encodeTrouble(end.trouble)}, state = 'waiting'`,
        isHolding: true,
        why: end.trouble
      }
    case "Again":
      return {
        set: sql`${unowned}, ${end.isInDoubt ? sql`merged_into = merged_into` : together}, due_at = ${end.dueAt},
          state = 'waiting', trouble = ${Rows.encodeTrouble(end.trouble)},
          in_doubt = ${end.isInDoubt ? 1 : sql`in_doubt`}`,
        isHolding: true,
        why: end.trouble
      }
  }
}
