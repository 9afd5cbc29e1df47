/** What is wrong with a signal or an error, in words; nothing if it is as its type says. */
import type { Decoded } from "@sluice/core/Provider"
import type { RateLimited } from "@sluice/core/RateLimited"
import type { Instant, Signal } from "@sluice/core/Signal"
import { DateTime, Duration, Option } from "effect"
import { show } from "./Violation.ts"

export const unsound = (signal: Signal): string | undefined => {
  if (!Array.isArray(signal.readings)) return `readings is ${show(signal.readings)}`
  for (const [index, { limit, quota, remaining, reset }] of signal.readings.entries()) {
    if (quota !== undefined && typeof quota !== "string") return `readings[${index}].quota is ${show(quota)}`
    const wrong =
      unsoundNumber(`readings[${index}].limit`, limit) ??
      unsoundNumber(`readings[${index}].remaining`, remaining) ??
      unsoundInstant(`readings[${index}].reset`, reset)
    if (wrong !== undefined) return wrong
  }
  const { closes, isRefusal, retry, serverDateMillis } = signal
  if (closes !== undefined && !(Array.isArray(closes) && closes.every((name) => typeof name === "string"))) {
    return `closes is ${show(closes)}`
  }
  if (isRefusal !== undefined && typeof isRefusal !== "boolean") return `isRefusal is ${show(isRefusal)}`
  return unsoundNumber("serverDateMillis", serverDateMillis) ?? unsoundInstant("retry", retry)
}

const unsoundNumber = (field: string, value: number | undefined): string | undefined =>
  value === undefined || (Number.isFinite(value) && value >= 0) ? undefined : `${field} is ${String(value)}`

const unsoundInstant = (field: string, instant: Instant | undefined): string | undefined => {
  if (instant === undefined) return undefined
  if (instant.kind !== "after" && instant.kind !== "at") return `${field}.kind is ${show(instant.kind)}`
  return (
    unsoundNumber(`${field}.millis`, instant.millis) ??
    unsoundNumber(`${field}.toleranceMillis`, instant.toleranceMillis)
  )
}

/** The fields that all refusals share. */
export const unsoundFields = (refusal: RateLimited): string | undefined => {
  const { isRetryable, quota, raw, requestId, retryAfter, retryAt } = refusal
  if (!isOption(quota, (name) => typeof name === "string")) return `quota is ${show(quota)}`
  if (!isOption(requestId, (id) => typeof id === "string")) return `requestId is ${show(requestId)}`
  if (!isOption(retryAt, (at) => DateTime.isDateTime(at) && Number.isFinite(DateTime.toEpochMillis(at)))) {
    return `retryAt is ${show(retryAt)}`
  }
  if (!isOption(retryAfter, (span) => Duration.isDuration(span) && Number.isFinite(Duration.toMillis(span)))) {
    return `retryAfter is ${show(retryAfter)}`
  }
  if (typeof isRetryable !== "boolean") return `isRetryable is ${show(isRetryable)}`
  return typeof raw === "string" ? undefined : `raw is ${show(raw)}`
}

const isOption = (value: unknown, holds: (value: unknown) => boolean): boolean =>
  Option.isOption(value) && (Option.isNone(value) || holds(value.value))

/** Where the secret can be read, as text, as JSON, or by looking through every field as a console does. */
export const telling = ({ refusal, signal }: Decoded<RateLimited>, secret: string): string | undefined => {
  if (refusal && String(refusal).includes(secret)) return "the error as a text"
  if (refusal && JSON.stringify(refusal).includes(secret)) return "the error as JSON"
  return pathTo({ refusal, signal }, secret, "", new Set())
}

const pathTo = (value: unknown, secret: string, at: string, seen: Set<object>): string | undefined => {
  if (typeof value === "string") return value.includes(secret) ? at : undefined
  if (typeof value !== "object" || value === null || seen.has(value)) return undefined
  seen.add(value)
  for (const name of Reflect.ownKeys(value)) {
    const part: unknown = Reflect.get(value, name)
    const found = String(name).includes(secret)
      ? `${at}.${String(name)}`
      : pathTo(part, secret, `${at}.${String(name)}`, seen)
    if (found !== undefined) return found
  }
  return undefined
}
