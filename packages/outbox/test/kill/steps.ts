/** What the statements of a store are for; and how a process dies right after one of them, or around a request. */
import { writeSync } from "node:fs"
import { DatabaseSync, StatementSync } from "node:sqlite"

/** What a statement is for, as a table of steps shows it; those that only look change nothing, and are no steps. */
const purposes: ReadonlyArray<readonly [RegExp, string]> = [
  [/^INSERT INTO "?outbox_ticket/, "store: ticket written"],
  [/^INSERT INTO "?outbox_route/, "store: route written"],
  [/^INSERT INTO "?outbox_text/, "store: text written"],
  [/^UPDATE "?outbox_ticket.* state = 'superseded'/s, "store: earlier one superseded"],
  [/^UPDATE "?outbox_ticket.* state = 'taken'.*merged_into/s, "take: another one merged into it"],
  [/^UPDATE "?outbox_ticket.* state = 'taken'/s, "take: taken"],
  [/^UPDATE "?outbox_ticket.* state = 'sending', attempts/s, "mark: marked as sent"],
  [/^UPDATE "?outbox_ticket.* state = 'done'/s, "end: answer written"],
  [/^UPDATE "?outbox_ticket.* state = 'failed'/s, "end: failure written"],
  [/^UPDATE "?outbox_ticket.* state = 'cancelled'/s, "cancel: cancelled"],
  [/^UPDATE "?outbox_ticket.* failure = NULL/s, "retry: put right"],
  [/^DELETE FROM "?outbox_text/, "purge: text forgotten"],
  [/^DELETE FROM "?outbox_ticket/, "purge: ticket forgotten"],
  [/^UPDATE "?outbox_ticket"? SET behind = 0/, "any: next one let go"],
  [/^BEGIN/, "begun"],
  [/^COMMIT/, "committed"]
]

export const purposeOf = (sql: string): string | undefined =>
  purposes.find(([pattern]) => pattern.test(sql.trim()))?.[1]

/** The operation that goes on after a step. */
export const operationAfter = (purpose: string, before: string): string =>
  /^(?:begun|committed|any:)/.test(purpose) ? before : (purpose.split(":")[0] ?? "")

/** The n-th step of its kind. */
export interface At {
  readonly label: string
  readonly nth: number
}

const counts = new Map<string, number>()
let operation = "open"

/** Tells the parent, and dies if it is the step to die at: a real SIGKILL, without any finalizer. */
export const step = (label: string, at: At | undefined): void => {
  const nth = (counts.get(label) ?? 0) + 1
  counts.set(label, nth)
  writeSync(1, `step ${label}\n`)
  if (label !== at?.label || nth !== at.nth) return
  writeSync(1, `died ${label}\n`)
  process.kill(process.pid, "SIGKILL")
  // The signal is on its way: nothing else may happen meanwhile.
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0)
}

/** From now on, every statement of SQLite that writes is a step. */
export const watch = (at: At | undefined): void => {
  const seen = new WeakMap<StatementSync, string>()
  const prepare = DatabaseSync.prototype.prepare
  DatabaseSync.prototype.prepare = function (sql, options) {
    const statement = options === undefined ? prepare.call(this, sql) : prepare.call(this, sql, options)
    seen.set(statement, sql)
    return statement
  }
  const after = (statement: StatementSync) => {
    const purpose = purposeOf(seen.get(statement) ?? "")
    if (purpose === undefined || purpose === "begun") return
    operation = operationAfter(purpose, operation)
    step(purpose === "committed" ? `${operation}: committed` : purpose, at)
  }
  for (const method of ["all", "run"]) {
    const original: (...params: ReadonlyArray<unknown>) => unknown = Reflect.get(StatementSync.prototype, method)
    const stepping = function (this: StatementSync, ...params: ReadonlyArray<unknown>) {
      const result = Reflect.apply(original, this, params)
      after(this)
      return result
    }
    Reflect.set(StatementSync.prototype, method, stepping)
  }
}
