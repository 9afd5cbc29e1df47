/** The rules that a quota's fields keep, and the error that says which of them was broken. */
import { Data, Duration, Option } from "effect"

export const kinds = [
  "rolling",
  "fixed",
  "slidingCounter",
  "tokenBucket",
  "idleReset",
  "concurrency",
  "unknown",
  "unpublished"
] as const
export const phases = ["unknown", "clock", "reset"] as const
export const pacings = ["burst", "even"] as const

/** The largest limit. */
export const maxLimit = 1_000_000
const maxWindowMillis = Duration.toMillis(Duration.days(366))

/** A quota that cannot be: names the field, the rule that it breaks and the value that was given. */
export class QuotaError extends Data.TaggedError("QuotaError")<{
  readonly quota: string
  readonly field: string
  readonly rule: string
  readonly value: unknown
}> {
  override get message() {
    return `Quota ${JSON.stringify(this.quota)}: ${this.field} takes ${this.rule}, but was given ${show(this.value)}.`
  }
}

/** Reads the options of one quota, or what they are by default: each rule gives the value, or throws `QuotaError`. */
export const rulesOf = <Field extends string>(quota: string, given: { readonly [F in Field]?: unknown }) => {
  const refuse = (field: string, rule: string, value: unknown): never => {
    throw new QuotaError({ quota, field, rule, value })
  }
  return {
    refuse,
    oneOf: <A extends string>(field: Field, options: ReadonlyArray<A>, usual?: A): A => {
      const value = given[field] ?? usual
      return options.find((option) => option === value) ?? refuse(field, `one of ${options.join(", ")}`, value)
    },
    whole: (field: Field, usual: number | undefined): number => {
      const value = given[field] ?? usual
      return typeof value === "number" && Number.isInteger(value) && value >= 1 && value <= maxLimit
        ? value
        : refuse(field, `a whole number from 1 to ${maxLimit}`, value)
    },
    millis: (field: Field, usual: Duration.Input | undefined, least = 0): number => {
      const value = given[field] ?? usual
      const duration = Option.map(Duration.fromInput(value as Duration.Input), Duration.toMillis)
      const fits = (millis: number) => Number.isInteger(millis) && millis >= least && millis <= maxWindowMillis
      return Option.getOrElse(Option.filter(duration, fits), () =>
        refuse(field, `a duration of whole milliseconds from ${least} to a year, such as "1 minute"`, value)
      )
    },
    flag: (field: Field, usual: boolean): boolean => {
      const value = given[field] ?? usual
      return typeof value === "boolean" ? value : refuse(field, "true or false", value)
    }
  }
}

const show = (value: unknown) => (typeof value === "string" ? JSON.stringify(value) : String(value))
