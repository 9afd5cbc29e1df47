/** Dies at the n-th step: a real SIGKILL, without any finalizer, right after a statement of SQL or around a request. */
import { writeSync } from "node:fs"
import { DatabaseSync, StatementSync } from "node:sqlite"

/** What a statement is for, as a table of steps shows it; those that only look change nothing, and are no steps. */
const purposes: ReadonlyArray<readonly [RegExp, string]> = [
  [/^INSERT INTO "?outbox_ticket/, "store: ticket written"],
  [/^INSERT INTO "?outbox_route/, "store: route written"],
  [/state = 'superseded'/, "store: earlier one superseded"],
  [/state = 'taken'.*merged_into/s, "take: another one merged into it"],
  [/state = 'taken'/, "take: taken"],
  [/state = 'sending', attempts/, "mark: marked as sent"],
  [/state = 'done'/, "end: answer written"],
  [/SET behind = 0/, "end: next one let go"],
  [/^BEGIN/, "begun"],
  [/^COMMIT/, "committed"]
]

let count = 0
let last = "open"

/** Tells the parent, and dies if it is the step to die at. */
export const step = (label: string, dieAt: number): void => {
  count++
  writeSync(1, `step ${label}\n`)
  if (count !== dieAt) return
  writeSync(1, `died ${label}\n`)
  process.kill(process.pid, "SIGKILL")
  // The signal is on its way: nothing else may happen meanwhile.
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0)
}

/** From now on, every statement that writes is a step. */
export const watch = (dieAt: number): void => {
  const seen = new WeakMap<StatementSync, string>()
  const prepare = DatabaseSync.prototype.prepare
  DatabaseSync.prototype.prepare = function (sql, options) {
    const statement = options === undefined ? prepare.call(this, sql) : prepare.call(this, sql, options)
    seen.set(statement, sql.trim())
    return statement
  }
  const after = (statement: StatementSync) => {
    const sql = seen.get(statement) ?? ""
    const purpose = purposes.find(([pattern]) => pattern.test(sql))?.[1]
    if (purpose === undefined) return
    if (purpose.includes(":")) last = purpose.split(":")[0] ?? ""
    step(purpose.includes(":") ? purpose : purpose === "committed" ? `${last}: committed` : "any: begun", dieAt)
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
