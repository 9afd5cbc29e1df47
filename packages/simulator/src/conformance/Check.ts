/** One check: a name that reads as a fact, and a way to find out whether it is one. */
import { Effect } from "effect"
import type { Setting } from "./Subject.ts"
import { show, Violation } from "./Violation.ts"

export interface Check {
  /** One word, the same for every provider. */
  readonly id: string
  /** What holds, in the present tense. */
  readonly name: string
  readonly run: Effect.Effect<void, Violation>
  /** Runs as well, and says how much was examined, and what was measured. */
  readonly evidence: Effect.Effect<string, Violation>
}

/** What an examination comes to: how much was seen, or what is wrong. */
export type Finding = string | Violation

/** Tells what is wrong, in the name of the provider and the check. */
export type Refute = (found: Omit<ConstructorParameters<typeof Violation>[0], "provider" | "check">) => Violation

/** A check by what examines; whatever the provider or its simulation throws is a violation too. */
export const make = (
  setting: Setting,
  id: string,
  name: string,
  examine: (setting: Setting, refute: Refute) => Finding | Effect.Effect<Finding>
): Check => {
  const refute: Refute = (found) => new Violation({ ...found, provider: String(setting.provider.id), check: name })
  const thrown = (error: unknown) =>
    refute({
      rule: "Neither the provider nor its simulation throws.",
      input: "what this check gives them",
      value: `${show(error)} ${error instanceof Error ? (error.stack?.split("\n").slice(1, 4).join("") ?? "") : ""}`,
      advice: "Let what cannot be understood come to nothing instead; the first lines of the stack say where."
    })
  const evidence = Effect.suspend(() => {
    const found = examine(setting, refute)
    return Effect.isEffect(found) ? found : Effect.succeed(found)
  }).pipe(
    Effect.catchDefect((defect) => Effect.succeed(thrown(defect))),
    Effect.flatMap((found) => (typeof found === "string" ? Effect.succeed(found) : Effect.fail(found)))
  )
  return { id, name, evidence, run: Effect.asVoid(evidence) }
}

/** Runs without the stacks of errors, which cost more than what makes them. */
export const withoutStacks = <A>(f: () => A): A => {
  const before = Error.stackTraceLimit
  Error.stackTraceLimit = 0
  try {
    return f()
  } finally {
    Error.stackTraceLimit = before
  }
}
