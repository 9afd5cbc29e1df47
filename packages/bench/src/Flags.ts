/** Flags that the commands of this package have in common. */
import { Flag } from "effect/cli"

/** A flag that is off unless it is given. */
export const on = (name: string, description: string) =>
  Flag.Boolean(name).pipe(Flag.withDescription(description), Flag.withDefault(false))

/** Names with commas between them, none by default. */
export const only = (description: string) =>
  Flag.String("only").pipe(Flag.withDescription(description), Flag.withDefault(""))

const repeatsOf = (description: string) =>
  Flag.Int("repeats").pipe(
    Flag.withDescription(description),
    Flag.filter(
      (repeats) => repeats >= 1,
      (repeats) => `${repeats} is not a number of runs, 1 or more`
    ),
    Flag.optional
  )

export const repeats = repeatsOf(
  "runs of each in the first network, a third of them in others; by default 3, or 1 if quick"
)
export const repeatsOfOne = repeatsOf("runs of each; by default 1")

export const isJson = on("json", "print one JSON document at the end, and nothing else")
