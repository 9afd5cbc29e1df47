/**
 * Whether the provider waits at least as long as it is told.
 *
 * What a `Retry-After` means is computed here from RFC 9110 alone, and when there is room again is known from the
 * simulation's own counters. A server may round what it tells down, by as much as the signal's tolerance says: the limiter
 * adds it, and so does this.
 */
import { Admission } from "@sluice/core/Admission"
import * as Claim from "@sluice/core/Claim"
import type { Decoded, Wire } from "@sluice/core/Provider"
import type { RateLimited } from "@sluice/core/RateLimited"
import { DateTime, Duration, Option } from "effect"
import type { HttpClientRequest } from "effect/http"
import * as Seeded from "../Seeded.ts"
import { type Finding, type Refute, withoutStacks } from "./Check.ts"
import { origins, showWire } from "./Decoded.ts"
import { firstBroken, type Rule } from "./Rule.ts"
import { below, chance } from "./Rubbish.ts"
import * as Simulated from "./Simulated.ts"
import { placed, type Setting, startMillis } from "./Subject.ts"
import { smallest } from "./Wires.ts"

type Request = HttpClientRequest.HttpClientRequest

interface Case {
  readonly wire: Wire
  readonly decoded: Decoded<RateLimited>
  /** How long the wire says to wait, in milliseconds from the response; nothing if it does not. */
  readonly toldMillis: number | undefined
  /** How long one has to wait; nothing if only the wire is known. */
  readonly trueMillis: number | undefined
}

export const examine = (setting: Setting, refute: Refute): Finding => {
  const { fuzz, provider, seed } = setting
  const broken = (wire: Wire, trueMillis?: number) =>
    firstBroken(rules, { wire, decoded: provider.decode(wire), toldMillis: toldBy(wire), trueMillis })
  const refusals = origins(setting).filter(({ status }) => status === "refusal")
  const count = Math.ceil(fuzz / 20)

  const made = (index: number): Wire => {
    const seeded = Seeded.make(seed, "wait", String(index))
    const { wire } = refusals[below(seeded, refusals.length)] ?? {}
    return told(
      seeded,
      wire ?? { request: { method: "GET", path: "/" }, status: 429, headers: {}, body: "", receivedAtMillis: 0 }
    )
  }
  return withoutStacks(() => {
    for (let index = 0; refusals.length > 0 && index < count; index++) {
      const wire = made(index)
      const found = broken(wire)
      if (found === undefined) continue
      const least = smallest(wire, (smaller) => broken(smaller)?.rule === found.rule)
      return refute({
        rule: found.rule.says,
        input: showWire(least),
        value: broken(least)?.value ?? found.value,
        advice: found.rule.advice,
        replay: { seed, index }
      })
    }
    let saturations = 0
    for (const request of setting.requests) {
      for (const [round, skewMillis] of skews.entries()) {
        const start = startMillis + below(Seeded.make(seed, "start", String(round)), 86_400_000)
        const refused = Simulated.spend(setting, request, { startMillis: start, skewMillis, seed: seed + round })
        if (refused === undefined) continue
        saturations++
        const gone = round === 0 ? passing(setting, request, refused.wire) : undefined
        if (gone !== undefined) {
          return refute({
            rule: "After a refusal the limiter holds the same request back as long as it was told.",
            input: showWire(longer(refused.wire)),
            value: `admitted after ${gone} ms, where ${longerMillis} are told`,
            advice:
              "Let the signal's `closes` name the quota that refused, or leave it out: then it is all of the request's."
          })
        }
        const { freeAtMillis, wire } = refused
        const found = broken(wire, freeAtMillis - wire.receivedAtMillis)
        if (found === undefined) continue
        const { advice, says } = found.rule
        return refute({ rule: says, input: showWire(wire), value: found.value, advice })
      }
    }
    return `${count} answers with a Retry-After, ${saturations} refusals of the simulation`
  })
}

/** The server's clock minus ours. */
const skews = [0, 400, -400, 3_600_000, -3_600_000] as const

const rules: ReadonlyArray<Rule<Case>> = [
  {
    says: "An error whose refusal may be repeated waits as long as a Retry-After of RFC 9110 says.",
    broken: ({ decoded: { refusal }, toldMillis = 0, wire }) => {
      if (refusal === undefined || !refusal.isRetryable || toldMillis <= 0) return undefined
      const wait = waitOf(refusal, wire)
      return wait >= toldMillis ? undefined : `${wait} ms, where ${toldMillis} are told`
    },
    advice:
      "Read it with Signal.retryAfter, and make retryAt and retryAfter with RateLimited.refused: seconds count from the response, " +
      "a date from the response's own Date."
  },
  {
    says: "The signal of such a refusal holds others back as long.",
    broken: ({ decoded, toldMillis = 0, wire }) => {
      if (!decoded.refusal?.isRetryable || toldMillis <= 0) return undefined
      const held = heldBy(decoded, wire)
      return held >= toldMillis ? undefined : `${held} ms, where ${toldMillis} are told`
    },
    advice: "Return the signal that RateLimited.refused gives: the limiter hears nothing of the error."
  },
  {
    says: "A wait that the simulation tells lasts until the same request has room again.",
    broken: ({ decoded, trueMillis = 0, wire }) => {
      const { refusal } = decoded
      if (refusal === undefined || Option.isNone(refusal.retryAfter)) return undefined
      const tolerance = decoded.signal.retry?.toleranceMillis ?? 0
      const [wait, held] = [waitOf(refusal, wire), heldBy(decoded, wire)]
      return wait + tolerance >= trueMillis && held >= trueMillis
        ? undefined
        : `retryAfter ${wait} ms and the signal ${held} ms, where there is room after ${trueMillis}`
    },
    advice:
      "Either decode reads another instant than the server means, or the simulation's refuse rounds down: round up."
  }
]

const longerMillis = 90_000

/** The same refusal, which tells to wait longer than most windows. */
const longer = (wire: Wire): Wire => ({
  ...wire,
  headers: { ...wire.headers, "retry-after": String(longerMillis / 1000) }
})

/** After how many milliseconds a limiter admits the request again, if that is earlier than the refusal says. */
const passing = ({ provider }: Setting, request: Request, wire: Wire): number | undefined => {
  const { refusal, signal } = provider.decode(longer(wire))
  const needs = provider.classify(placed(provider, request), provider.quotas)
  if (refusal === undefined || !refusal.isRetryable || needs.length === 0) return undefined
  const admission = new Admission({ maxPauseMillis: 2 * longerMillis })
  const claim = Claim.make({ needs, partition: "conformance", origin: provider.id })
  const refused = admission.permit(claim)
  admission.admit(refused, 0)
  admission.settle(refused, "refused", 0, signal, wire.receivedAtMillis)
  for (let now = 0; now < longerMillis; now += longerMillis / 100) {
    if (admission.admit(admission.permit(claim), now)._tag === "Admitted") return now
  }
  return undefined
}

const waitOf = ({ retryAfter, retryAt }: RateLimited, { receivedAtMillis }: Wire): number =>
  Math.min(
    Option.match(retryAfter, { onNone: () => 0, onSome: Duration.toMillis }),
    Option.match(retryAt, { onNone: () => 0, onSome: DateTime.toEpochMillis }) - receivedAtMillis
  )

/** For how long the limiter would close the quota. */
const heldBy = ({ signal: { retry, serverDateMillis } }: Decoded<RateLimited>, { receivedAtMillis }: Wire): number =>
  retry === undefined
    ? 0
    : retry.millis + retry.toleranceMillis - (retry.kind === "after" ? 0 : (serverDateMillis ?? receivedAtMillis))

/** A refusal with a `Retry-After` as RFC 9110 has it, and perhaps a `Date` and the `Age` of a cache. */
const told = (seeded: Seeded.Seeded, wire: Wire): Wire => {
  const { age: _age, date: _date, "retry-after-ms": _fine, ...others } = wire.headers
  const now = wire.receivedAtMillis + (chance(seeded, 3) ? below(seeded, 7_200_000) - 3_600_000 : 0)
  const span = Math.floor(10 ** (seeded.nextFraction() * 8))
  const isDate = chance(seeded, 2)
  return {
    ...wire,
    headers: {
      ...others,
      "retry-after": isDate ? new Date(now + span * 1000).toUTCString() : String(span),
      ...(!chance(seeded, 3) && { date: new Date(now).toUTCString() }),
      ...(chance(seeded, 6) && { age: String(below(seeded, 3)) })
    }
  }
}

const longestMillis = 366 * 86_400_000

/** The wait in the two forms of RFC 9110, in milliseconds; longer ones than a year need not be kept to. */
const toldBy = ({ headers, receivedAtMillis }: Wire): number | undefined => {
  const text = headers["retry-after"] ?? ""
  if (/^\d{1,9}$/.test(text)) return Math.min(Number(text) * 1000, longestMillis)
  const until = httpDate(text)
  if (until === undefined) return undefined
  // What a cache answered is as old as its `Age` says, and so is its `Date`.
  const isFresh = /^\s*0*\s*$/.test(headers["age"] ?? "")
  return Math.min(until - ((isFresh ? httpDate(headers["date"]) : undefined) ?? receivedAtMillis), longestMillis)
}

const httpDate = (text = ""): number | undefined => {
  const millis = Date.parse(text)
  return Number.isFinite(millis) && new Date(millis).toUTCString() === text ? millis : undefined
}
