/** `sluice outbox`: its commands, and what each takes. */
import * as OutboxView from "@sluice/outbox/OutboxView"
import { Duration, Option } from "effect"
import { Argument, Command, Flag } from "effect/cli"
import * as Outbox from "./Outbox.ts"

const where = {
  file: Flag.String("file").pipe(Flag.withDescription("the SQLite file of the outbox")),
  isJson: Flag.Boolean("json").pipe(Flag.withDescription("print one JSON document"), Flag.withDefault(false))
}

const id = Argument.String("ticket").pipe(Argument.withDescription("its id"))
const ids = Argument.variadic(id, { min: 1 })

const whole = (name: string, description: string, least: number, most: number) =>
  Flag.Int(name).pipe(
    Flag.withDescription(description),
    Flag.filter(
      (value) => value >= least && value <= most,
      (value) => `${value} is not a whole number from ${least} to ${most}`
    )
  )

const list = Command.make(
  "list",
  {
    ...where,
    state: Flag.Literals("state", OutboxView.shown).pipe(
      Flag.withDescription("open: what waits, is under way or has failed"),
      Flag.withDefault("open")
    ),
    provider: Flag.String("provider").pipe(Flag.withDescription("such as attio"), Flag.optional),
    search: Flag.String("search").pipe(
      Flag.withDescription("words in the id, the provider, the subject, the path or the reason"),
      Flag.withDefault("")
    ),
    after: whole("after", "where the page before said that there may be more", 0, Number.MAX_SAFE_INTEGER).pipe(
      Flag.withDefault(0)
    ),
    limit: whole("limit", "tickets at a time", 1, 10_000).pipe(Flag.withDefault(100))
  },
  ({ provider, ...asked }) => Outbox.list({ ...asked, provider: Option.getOrUndefined(provider) })
).pipe(Command.withDescription("Lists tickets, oldest first; nothing that they carry."))

const show = Command.make(
  "show",
  {
    ...where,
    id,
    isFull: Flag.Boolean("full").pipe(
      Flag.withDescription("with its query, headers, bodies and idempotency key"),
      Flag.withDefault(false)
    )
  },
  Outbox.show
).pipe(Command.withDescription("Shows one ticket."))

const retry = Command.make("retry", { ...where, ids }, Outbox.retry).pipe(
  Command.withDescription("Sends dead letters again, as they are.")
)

const cancel = Command.make("cancel", { ...where, ids }, Outbox.cancel).pipe(
  Command.withDescription("Cancels what waits, or gives dead letters up, so that those behind them go on.")
)

const purge = Command.make(
  "purge",
  {
    ...where,
    olderThan: Flag.String("older-than").pipe(
      Flag.withDescription('how long ago it ended, such as "30 days"'),
      Flag.filterMap(
        (text) =>
          Option.filter(
            Duration.fromInput(text as Duration.Input),
            (value) => Duration.isFinite(value) && !Duration.isNegative(value)
          ),
        (text) => `${JSON.stringify(text)} is not a time such as "30 days" or "12 hours"`
      )
    )
  },
  Outbox.purge
).pipe(Command.withDescription("Forgets what was done, cancelled or superseded; dead letters stay."))

/** Over the file of an outbox, whether or not a service sends from it meanwhile. */
export const outbox = Command.make("outbox").pipe(
  Command.withDescription("Looks at the calls that wait in an outbox, and at those that failed; retries and cancels."),
  Command.withSubcommands([list, show, retry, cancel, purge])
)
