/** What an exit tells of the request behind it: answered, never sent, or lost from sight. */
import { Cause, Exit, Option, Predicate } from "effect"
import { HttpClientError } from "effect/http"
import type { Outcome } from "./Admission.ts"

/**
 * An exit with a result or an error of the caller's own is an answer. An interrupted, timed-out or broken-off request may
 * still be counted, and only a failure before any byte was written is surely not.
 */
export const fromExit = (exit: Exit.Exit<unknown, unknown>): Outcome => {
  if (Exit.isSuccess(exit)) return "answered"
  if (Cause.hasInterrupts(exit.cause)) return "abandoned"
  return Option.match(Cause.findErrorOption(exit.cause), { onNone: () => "abandoned", onSome: fromError })
}

const fromError = (error: unknown): Outcome => {
  if (Cause.isTimeoutError(error)) return "abandoned"
  if (!HttpClientError.isHttpClientError(error)) return "answered"
  switch (error.reason._tag) {
    case "EncodeError":
    case "InvalidUrlError":
      return "unsent"
    case "TransportError":
      return isBeforeSending(error.reason.cause) ? "unsent" : "abandoned"
    default:
      return "answered"
  }
}

const codesBeforeSending = new Set([
  "ECONNREFUSED",
  "ENOTFOUND",
  "EAI_AGAIN",
  "EHOSTUNREACH",
  "ENETUNREACH",
  "UND_ERR_CONNECT_TIMEOUT",
  "CERT_HAS_EXPIRED",
  "DEPTH_ZERO_SELF_SIGNED_CERT",
  "UNABLE_TO_VERIFY_LEAF_SIGNATURE"
])

/** Looks for the code of a failure to connect along the causes; a cause that leads back to itself ends the search. */
const isBeforeSending = (cause: unknown): boolean => {
  let current = cause
  for (let depth = 0; depth < 5 && Predicate.isObject(current); depth++) {
    if ("code" in current && typeof current.code === "string" && codesBeforeSending.has(current.code)) return true
    current = "cause" in current ? current.cause : undefined
  }
  return false
}
