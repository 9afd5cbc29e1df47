/** Explanations for whoever asks, of the evidence that was kept. */
import { type Clock, Option } from "effect"
import type { AdmissionError } from "../AdmissionError.ts"
import type { Explanation, QuotaState } from "../Explanation.ts"
import type { RateLimited } from "../RateLimited.ts"
import type { Evidence, Fact } from "./Evidence.ts"
import { keptOf } from "./Gathering.ts"
import { viewOf } from "./QuotaStatus.ts"
import { dateOf, knownDate } from "./WallTime.ts"
import { wordsOf } from "./Words.ts"

export const explanationOf = ({ at, decided, facts, nextAt, ...rest }: Evidence): Explanation => ({
  ...rest,
  at: dateOf(at),
  decided: Option.map(Option.fromUndefinedOr(facts[decided]), (fact) => stateOf(fact, at)),
  next: knownDate(nextAt),
  quotas: facts.map((fact) => stateOf(fact, at))
})

/** What was kept beside an error; where nothing was, what it says itself. */
export const evidenceOfError = (error: AdmissionError | RateLimited, clock: Clock.Clock): Evidence => {
  const { partition = "", provider = "" }: { readonly partition?: string; readonly provider?: string } = error
  return (
    keptOf(error) ?? {
      at: clock.currentTimeMillisUnsafe(),
      origin: provider,
      partition,
      why: "told",
      decided: -1,
      nextAt: Option.getOrUndefined(error.retryAt)?.epochMilliseconds ?? Infinity,
      waitedMillis: 0,
      facts: []
    }
  )
}

const stateOf = ({ at, closedUntil, key, quota, refusal, ...numbers }: Fact, now: number): QuotaState => ({
  ...numbers,
  ...viewOf(key, quota, closedUntil, now, refusal === undefined ? undefined : wordsOf(refusal)),
  at: knownDate(at)
})
