/**
 * A suite that runs over any provider, one's own too, and says what is wrong with it.
 *
 * It knows no test runner: each check is a name and an effect that fails with a `Violation`, which tells the rule, the input
 * that breaks it, and what to do. Everything random follows from the seed.
 *
 * @example
 * ```ts
 * import { it } from "@effect/vitest"
 * import { Attio } from "@sluice/providers/attio"
 * import { simulation } from "@sluice/providers/attio/simulation"
 * import * as Conformance from "@sluice/simulator/conformance"
 *
 * const subject: Conformance.Subject = { provider: Attio.provider, make: Attio.make, simulation }
 * for (const check of Conformance.checks(subject)) it.effect(check.name, () => check.run)
 * ```
 */
import type { Wire } from "@sluice/core/Provider"
import type { Effect } from "effect"
import type { HttpClientRequest } from "effect/http"
import * as Admitted from "./conformance/Admitted.ts"
import * as Check from "./conformance/Check.ts"
import * as Classified from "./conformance/Classified.ts"
import * as Decoded from "./conformance/Decoded.ts"
import * as Report from "./conformance/Report.ts"
import * as Requests from "./conformance/Requests.ts"
import * as Soundness from "./conformance/Soundness.ts"
import * as Speed from "./conformance/Speed.ts"
import { settingOf, type Subject } from "./conformance/Subject.ts"
import * as Traffic from "./conformance/Traffic.ts"
import * as Unaided from "./conformance/Unaided.ts"
import * as Waits from "./conformance/Waits.ts"

export type { Check } from "./conformance/Check.ts"
export { format, type Report, type Row } from "./conformance/Report.ts"
export type { AnyClient, AnyProvider, MakeOptions, Refusal, Subject } from "./conformance/Subject.ts"
export { Violation } from "./conformance/Violation.ts"

/** Everything that is checked, from the cheapest to the dearest. */
export const checks = (subject: Subject): ReadonlyArray<Check.Check> => {
  const setting = settingOf(subject)
  return [
    Check.make(setting, "value", "is well-formed, and every quota names its source", Soundness.examine),
    Check.make(setting, "classify", "classifies any request, on the quotas that it is given", Classified.examine),
    Check.make(setting, "decode", "decodes any answer, and never tells the key", Decoded.examine),
    Check.make(setting, "speed", "decodes hostile answers as fast as others", Speed.examine),
    Check.make(setting, "wait", "never waits less than it is told", Waits.examine),
    Check.make(setting, "admission", "is neither sped up nor stopped by what it is told", Admitted.examine),
    Check.make(
      setting,
      "refusal",
      "is refused by its own simulation without a limiter, as its own error",
      Unaided.examine
    ),
    Check.make(setting, "traffic", "is never refused by its own simulation, and keeps its pace", Traffic.examine)
  ]
}

/** All checks run, each passed or with its violation. */
export const report = (subject: Subject): Effect.Effect<Report.Report> =>
  Report.make(subject.provider.id, checks(subject))

/** The made-up answer that a violation of `decode` or of admission names by its case. */
export const wire = (subject: Subject, index: number): Wire => Decoded.generator(settingOf(subject))(index)

/** The made-up request that a violation of `classify` names by its case. */
export const request = (subject: Subject, index: number): HttpClientRequest.HttpClientRequest =>
  Requests.generator(settingOf(subject))(index)
