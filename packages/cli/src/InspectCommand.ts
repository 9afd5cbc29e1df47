/** `sluice inspect`, and what it takes. */
import { NodeHttpClient } from "@effect/platform-node"
import { Clock, Effect, Option, Runtime } from "effect"
import { Argument, CliError, Command, Flag } from "effect/cli"
import * as Inspect from "./Inspect.ts"
import * as InspectSource from "./InspectSource.ts"

const name = "inspect"

export const inspect = Command.make(
  name,
  {
    target: Argument.String("target").pipe(
      Argument.withDescription(
        "an address (one request is sent), a file with headers or a HAR file, or - for standard input"
      )
    ),
    method: Flag.Literals("method", ["GET", "HEAD"]).pipe(
      Flag.withDescription("of the request"),
      Flag.withDefault("GET" as const)
    ),
    headers: Flag.Redacted("header").pipe(
      Flag.withDescription(
        'of the request, such as "authorization: Bearer ..."; may be repeated, and is never printed'
      ),
      Flag.atLeast(0)
    ),
    receivedAt: Flag.String("received-at").pipe(
      Flag.withDescription("when the response in the file came: now, or a date of ISO 8601"),
      Flag.optional
    ),
    isJson: Flag.Boolean("json").pipe(Flag.withDescription("print one JSON document"), Flag.withDefault(false)),
    isPolicy: Flag.Boolean("as-policy").pipe(
      Flag.withDescription("print the quotas that are told in full, as a policy in JSON"),
      Flag.withDefault(false)
    ),
    provider: Flag.String("provider").pipe(Flag.withDescription("the policy's name of it"), Flag.optional)
  },
  Effect.fnUntraced(function* ({ provider, receivedAt, ...options }) {
    return yield* Inspect.run({
      ...options,
      provider: Option.getOrUndefined(provider),
      receivedAt: yield* instantOf(Option.getOrUndefined(receivedAt))
    })
  }, Effect.provide(NodeHttpClient.layerUndici))
).pipe(Command.withDescription("Tells what a response says about limits, and what of it was ignored and why."))

const instantOf = Effect.fnUntraced(function* (text: string | undefined) {
  if (text === undefined) return undefined
  if (text === "now") return yield* Clock.currentTimeMillis
  const millis = /^\d{4}-\d\d-\d\dT.*(?:Z|[+-]\d\d:\d\d)$/.test(text) ? Date.parse(text) : NaN
  if (Number.isFinite(millis)) return millis
  return yield* InspectSource.fail(
    `--received-at: ${JSON.stringify(text)} is neither now nor a date such as 2026-11-22T10:00:00Z.`
  )
})

/** Exits with 2 for a command line of `inspect` that is wrong: 1 is what it says when nothing was told. */
export const exitCode = <E>(error: E): E =>
  CliError.isCliError(error) && error._tag === "ShowHelp" && error.errors.length > 0 && error.commandPath.includes(name)
    ? Object.assign(error, { [Runtime.errorExitCode]: InspectSource.unusable })
    : error
