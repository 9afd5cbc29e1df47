/** What a provider does that it must not: told so that it can be found, understood and mended without the suite's source. */
import { Data } from "effect"

export class Violation extends Data.TaggedError("Violation")<{
  /** The provider's id. */
  readonly provider: string
  /** The name of the check. */
  readonly check: string
  /** What must hold. */
  readonly rule: string
  /** What the provider was given, written out and made as small as still breaks the rule. */
  readonly input: string
  /** What it made of it. */
  readonly value: string
  /** What to do about it. */
  readonly advice: string
  /** With which seed, and as which case of it, `Conformance.wire` and `Conformance.request` give the input again. */
  readonly replay?: { readonly seed: number; readonly index: number }
}> {
  override get message() {
    const { advice, check, input, provider, replay, rule, value } = this
    const again = replay ? ` (seed ${replay.seed}, case ${replay.index})` : ""
    return [
      `${provider} breaks a rule of the check that it ${check}.`,
      `  rule    ${rule}`,
      `  input   ${input}${again}`,
      `  value   ${value}`,
      `  advice  ${advice}`
    ].join("\n")
  }
}

const longest = 1000

/** A value as a message shows it: in one line, cut where it is long. */
export const show = (value: unknown): string => {
  const text = textOf(value)
  return text.length <= longest ? text : `${text.slice(0, longest)}... (${text.length} characters)`
}

const textOf = (value: unknown): string => {
  if (value instanceof Error) return `${value.name}: ${value.message}`
  try {
    return JSON.stringify(value) ?? String(value)
  } catch {
    return String(value)
  }
}
