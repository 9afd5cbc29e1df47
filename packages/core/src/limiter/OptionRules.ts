/** The rules that options keep; who breaks one gets a `RangeError` that names the option, the rule and the value. */
import { Duration, Option } from "effect"

export const refuse = (option: string, rule: string, value: unknown): never => {
  throw new RangeError(`${option} takes ${rule}, but was given ${String(value)}.`)
}

export const duration = (option: string, input: Duration.Input): Duration.Duration =>
  Option.getOrElse(
    Option.filter(Duration.fromInput(input), (value) => Duration.toMillis(value) >= 0),
    () => refuse(option, `a duration, 0 or more, such as "2 seconds"`, input)
  )

/** Rounded up. */
export const millis = (option: string, input: Duration.Input): number =>
  Math.ceil(Duration.toMillis(duration(option, input)))
