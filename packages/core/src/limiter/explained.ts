/** Explanations for whoever asks, of the evidence that was kept. */
import { type Clock, DateTime, Option } from "effect"
import type { AdmissionError } from "../AdmissionError.ts"
import type { Explanation, QuotaState } from "../Explanation.ts"
import type { RateLimited } from "../RateLimited.ts"
import type { Evidence, Fact } from "./Evidence.ts"
import { keptOf } from "./Gathering.ts"
import { namesOf } from "./QuotaStatus.ts"
import { wordsOf } from "./Words.ts"

export const explanationOf = ({ at, decided, facts, nextAt, ...rest }: Evidence): Explanation => ({
  ...rest,
  at: dateOf(at),
  decided: Option.map(Option.fromUndefinedOr(facts[decided]), (fact) => stateOf(fact, at)),
  next: finite(nextAt),
  quotas: facts.map((fact) => stateOf(fact, at))
})

/** What was kept beside an error; where nothing was, what it says itself. */
export const evidenceOfError = (error: AdmissionError | RateLimited, clock: Clock.Clock): Evidence =>
  keptOf(error) ?? {
    at: clock.currentTimeMillisUnsafe(),
    origin: "provider" in error ? error.provider : "",
    partition: "partition" in error ? error.partition : "",
    why: "told",
    decided: -1,
    nextAt: Option.match(error.retryAt, { onNone: () => Infinity, onSome: (at) => at.epochMilliseconds }),
    waitedMillis: 0,
    facts: []
  }

const stateOf = ({ at, closedUntil, key, quota, refusal, ...numbers }: Fact, now: number): QuotaState => {
  const isClosed = closedUntil > now
  return {
    ...numbers,
    ...namesOf(key),
    kind: quota.kind,
    published: quota.limit,
    closedUntil: isClosed ? finite(closedUntil) : Option.none(),
    closedBy: isClosed && refusal !== undefined ? Option.some(wordsOf(refusal)) : Option.none(),
    at: finite(at)
  }
}

const finite = (epochMillis: number) => (epochMillis === Infinity ? Option.none() : Option.some(dateOf(epochMillis)))

const dateOf = (epochMillis: number) => DateTime.makeUnsafe(Math.min(epochMillis, 8.64e15))
