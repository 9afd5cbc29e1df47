/** What `sluice outbox` does with the tickets of a file. */
import * as Outbox from "@sluice/outbox/Outbox"
import type { OutboxStoreError, TicketMoved, TicketUnknown } from "@sluice/outbox/OutboxError"
import * as OutboxView from "@sluice/outbox/OutboxView"
import { Console, DateTime, type Duration, Effect, Runtime } from "effect"
import { CliError } from "effect/cli"
import * as OutboxFile from "./OutboxFile.ts"
import * as OutboxTable from "./OutboxTable.ts"

/** The file, and whether to print JSON. */
export interface Where {
  readonly file: string
  readonly isJson: boolean
}

/** With what the program exits; 0 if all was done, 1 for a command line or a file that is wrong. */
export const exitCodes = { OutboxStoreError: 2, TicketUnknown: 3, TicketMoved: 4 } as const

/** A page of tickets. */
export const list = Effect.fnUntraced(function* ({ file, isJson, ...asked }: Where & OutboxView.Asked) {
  const page = yield* within(file, OutboxView.page(asked))
  if (isJson) return yield* Console.log(JSON.stringify(page))
  const columns = process.stdout.isTTY ? process.stdout.columns : undefined
  yield* Console.log(page.tickets.length === 0 ? "No tickets here." : OutboxTable.table(page.tickets, columns))
  if (page.next !== null) yield* Console.log(`There may be more: --after ${page.next}`)
})

/** One ticket; with all that it carries, if it is to be full. */
export const show = Effect.fnUntraced(function* ({
  file,
  id,
  isFull,
  isJson
}: Where & { readonly id: string; readonly isFull: boolean }) {
  const ticket = yield* within(file, OutboxView.ticket(id, isFull ? ["queries", "headers", "bodies", "keys"] : []))
  yield* Console.log(isJson ? JSON.stringify(ticket) : OutboxTable.details(ticket))
})

/** Sends dead letters again. */
export const retry = (options: Where & { readonly ids: ReadonlyArray<string> }) =>
  each(options, "waits again", (id) => Outbox.retry(Outbox.ticket(id)).pipe(Effect.catchTag("CallError", Effect.die)))

/** Cancels what was not sent. */
export const cancel = (options: Where & { readonly ids: ReadonlyArray<string> }) =>
  each(options, "is cancelled", (id) => Outbox.cancel(Outbox.ticket(id)))

/** Forgets what ended well, was cancelled or superseded longer ago than that. */
export const purge = Effect.fnUntraced(function* ({
  file,
  isJson,
  olderThan
}: Where & { readonly olderThan: Duration.Duration }) {
  const before = DateTime.subtractDuration(yield* DateTime.now, olderThan)
  const purged = yield* within(file, Outbox.purge(before))
  yield* Console.log(isJson ? JSON.stringify({ purged }) : `${purged} tickets forgotten`)
})

type Failed = TicketUnknown | TicketMoved | OutboxStoreError

/** Does it to every ticket, tells of each how that went, and fails as the first did that could not be done. */
const each = Effect.fnUntraced(function* (
  { file, ids, isJson }: Where & { readonly ids: ReadonlyArray<string> },
  said: string,
  act: (id: string) => Effect.Effect<void, Failed, Outbox.Outbox>
) {
  const results = yield* within(
    file,
    Effect.forEach(ids, (id) =>
      act(id).pipe(
        Effect.matchEffect({
          onSuccess: () =>
            Effect.as(isJson ? Effect.void : Console.log(`${id} ${said}`), {
              id,
              error: undefined,
              failure: undefined
            }),
          onFailure: (failure) =>
            // The last line on the terminal is the program's own; those before it are told here.
            Effect.succeed({ id, error: failure.message, failure })
        })
      )
    )
  )
  if (isJson)
    yield* Console.log(JSON.stringify(results.map(({ error = null, id }) => ({ id, done: error === null, error }))))
  const failures = results.flatMap(({ failure }) => (failure === undefined ? [] : [failure]))
  const [first] = failures
  if (first !== undefined) return yield* fail(first, failures.map(({ message }) => message).join("\n"))
})

const within = <A, E extends Failed, R>(file: string, effect: Effect.Effect<A, E, R>) =>
  effect.pipe(
    Effect.catch((error) => fail(error)),
    Effect.provide(OutboxFile.layer(file))
  )

const fail = (error: Failed, userMessage: string = error.message) =>
  Effect.fail(
    Object.assign(new CliError.UserError({ cause: error, userMessage }), {
      [Runtime.errorExitCode]: exitCodes[error._tag]
    })
  )
