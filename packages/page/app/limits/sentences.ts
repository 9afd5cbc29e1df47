/** What quotas are and what happened to them, in words. */
import type { Happening, Numbers, Quota } from "../../src/Limits.ts"
import { count, number, span } from "../words.ts"

const kinds: Readonly<Record<string, string>> = {
  rolling: "rolling",
  fixed: "fixed window",
  slidingCounter: "sliding counter",
  tokenBucket: "bucket",
  idleReset: "until idle",
  concurrency: "at a time",
  unknown: "kind not known",
  unpublished: "not published"
}

/** `100 per 1 s, rolling`. */
export const ruleOf = ({ kind, published, windowMillis }: Quota): string => {
  if (kind === "unpublished") return "limit not published"
  const units = number(published)
  if (kind === "concurrency" || windowMillis === 0) return `${units} at a time`
  return `${units} per ${span(windowMillis)}, ${kinds[kind] ?? kind}`
}

/** How its slots stand, for those who do not see the bar. */
export const slotsOf = ({ cooling, foreign, free, held, limitInForce }: Quota): string =>
  [
    `${number(held)} held`,
    `${number(cooling)} cooling`,
    ...(foreign > 0 ? [`${number(foreign)} used by others`] : []),
    `${number(free)} free`,
    `of ${number(limitInForce)}`
  ].join(", ")

export const waitingOf = ({ waiting }: Quota): number => waiting.reduce((sum, { calls }) => sum + calls, 0)

const priorities: Readonly<Record<number, string>> = { 1: "high", 0: "normal", [-1]: "low" }
export const priorityOf = (priority: number): string => priorities[priority] ?? `priority ${number(priority)}`

/** What holds a quota below what is published, if anything does. */
export const learnedOf = ({ foreign, kind, limit, limitInForce, published }: Quota): ReadonlyArray<string> => [
  ...(limit !== published && kind !== "unpublished" ? [`the provider told ${number(limit)}`] : []),
  ...(limitInForce < limit ? [`${number(limitInForce)} in force after a refusal`] : []),
  ...(foreign > 0 ? [`others use ${number(foreign)}`] : [])
]

export const titles: Readonly<Record<Happening["kind"], string>> = {
  refused: "Refused",
  paused: "Paused",
  resumed: "Resumed",
  learned: "Learned",
  turnedAway: "Turned away",
  longWait: "Long wait",
  abandoned: "Lost from sight"
}

const reasons: Readonly<Record<string, string>> = {
  QueueFull: "too many wait",
  DeadlineExceeded: "it could not go in time",
  Never: "it is larger than the quota",
  Store: "whoever keeps the quotas does not answer",
  Closed: "the limiter is closing"
}

/** Why a provider refused, as the limiter explains it. */
const whys: Readonly<Record<string, string>> = {
  unexpected: "by the provider, although our books had room",
  usedByOthers: "by the provider, as others had used it up",
  closedBefore: "by the provider, sent before it was known to be closed, or to find out whether it is",
  inDoubt: "by the provider, of which it is not known how it counts",
  elsewhere: "by the provider, for none of the call's quotas"
}

export const sentenceOf = ({ cause, kind }: Happening): string => {
  switch (kind) {
    case "refused":
      return whys[cause] ?? "by the provider"
    case "paused":
      return cause
    case "resumed":
      return "the first call after a pause was admitted"
    case "learned":
      return "from what the provider answered"
    case "turnedAway":
      return `${reasons[cause] ?? cause}`
    case "longWait":
      return "a call will wait for long"
    case "abandoned":
      return "a request ended unseen, and holds its slots for as long as a server may work on it"
  }
}

/** The numbers behind it, one quota each. */
export const numbersOf = ({ cooling, foreign, held, limit, limitInForce, quota, was }: Numbers): string => {
  const others = foreign > 0 || (was !== null && was.foreign > 0)
  if (was !== null) {
    const changes = [
      ...(was.limit === limit ? [] : [`limit ${number(was.limit)} → ${number(limit)}`]),
      ...(was.limitInForce === limitInForce ? [] : [`in force ${number(was.limitInForce)} → ${number(limitInForce)}`]),
      ...(others && was.foreign !== foreign ? [`others use ${number(was.foreign)} → ${number(foreign)}`] : [])
    ]
    return `${quota}: ${changes.join(", ") || "as before"}`
  }
  const parts = [
    ...(held === null ? [] : [`${number(held)} held`]),
    ...(cooling === null ? [] : [`${number(cooling)} cooling`]),
    ...(others ? [`${number(foreign)} used by others`] : []),
    `of ${number(limitInForce)}`
  ]
  return `${quota}: ${parts.join(", ")}${limitInForce < limit ? ` (limit ${number(limit)})` : ""}`
}

/** `and 12 more like it`. */
export const timesOf = ({ times }: Happening): string => (times > 1 ? `${count(times, "time")}` : "")
