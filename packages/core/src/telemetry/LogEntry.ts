/** An event as an entry of the log: flat, so that every format can show it. */
import { DateTime, type LogLevel, Option } from "effect"
import type { LimiterEvent } from "../limiter/LimiterEvent.ts"
import { wordsOf } from "../limiter/Words.ts"

export interface LogEntry {
  readonly level: LogLevel.Severity
  readonly message: string
  readonly annotations: Readonly<Record<string, string | number | boolean>>
}

export const entryOf = (event: LimiterEvent): LogEntry => {
  const common = { event: event._tag, partition: event.partition }
  switch (event._tag) {
    case "LongWait":
      return {
        level: "Info",
        message: "a call will wait long",
        annotations: {
          ...common,
          quota: event.quota,
          expectedAt: DateTime.formatIso(event.expectedAt),
          waiting: event.waiting
        }
      }
    case "TurnedAway":
      return {
        level: "Info",
        message: "a call was not admitted",
        annotations: { ...common, reason: event.reason, quota: Option.getOrElse(event.quota, () => "") }
      }
    case "Refused":
      return {
        level: event.why === "unexpected" ? "Warn" : "Info",
        message: "refused by the provider",
        annotations: {
          ...common,
          quotas: namesOf(event.quotas.map(({ quota }) => quota)),
          why: event.why,
          closedUntil: DateTime.formatIso(event.closedUntil),
          refusal: wordsOf(event.refusal)
        }
      }
    case "Paused":
      return {
        level: "Warn",
        message: "closed by the provider",
        annotations: {
          ...common,
          quotas: namesOf(event.quotas),
          until: DateTime.formatIso(event.until),
          cause: event.cause
        }
      }
    case "Resumed":
      return {
        level: "Info",
        message: "open again after a closure",
        annotations: { ...common, quotas: namesOf(event.quotas) }
      }
    case "Learned":
      return {
        level: "Info",
        message: "learned from a response",
        annotations: {
          ...common,
          quota: event.quota,
          limit: event.limit,
          limitInForce: event.limitInForce,
          foreign: event.foreign,
          wasLimit: event.was.limit,
          wasForeign: event.was.foreign
        }
      }
    case "Abandoned":
      return {
        level: "Warn",
        message: "a request was lost from sight",
        annotations: { ...common, quotas: namesOf(event.quotas) }
      }
  }
}

const namesOf = (quotas: ReadonlyArray<string>) => quotas.join(",")
