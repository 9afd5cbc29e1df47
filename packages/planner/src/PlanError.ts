import { Data } from "effect"

/** A plan that cannot be made: names the field, the rule that it breaks and the value that was given. */
export class PlanError extends Data.TaggedError("PlanError")<{
  readonly field: string
  readonly rule: string
  readonly value: unknown
}> {
  override get message() {
    const value = typeof this.value === "string" ? JSON.stringify(this.value) : String(this.value)
    return `Plan: ${this.field} takes ${this.rule}, but was given ${value}.`
  }
}
