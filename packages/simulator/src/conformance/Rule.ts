/** A rule as a value: what holds of a case, and what to do where it does not. */
import { show } from "./Violation.ts"

export interface Rule<in A> {
  /** In the present tense. */
  readonly says: string
  /** What breaks it, written out; nothing where it holds. */
  readonly broken: (input: A) => string | undefined
  readonly advice: string
}

export interface Broken<A> {
  readonly rule: Rule<A>
  readonly value: string
}

/** The first rule that the case breaks. To throw is to break whatever rule is asked. */
export const firstBroken = <A>(rules: ReadonlyArray<Rule<A>>, input: A): Broken<A> | undefined => {
  for (const rule of rules) {
    const value = breaking(rule, input)
    if (value !== undefined) return { rule, value }
  }
  return undefined
}

/** What breaks the rule, an exception among others. */
export const breaking = <A>(rule: Rule<A>, input: A): string | undefined => {
  try {
    return rule.broken(input)
  } catch (error) {
    return `it throws ${show(error)}`
  }
}
