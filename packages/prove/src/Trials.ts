/** What is tried on every server: each fault, whether an assumption is broken by it, and how often that may be noticed. */
import type * as Quota from "@sluice/core/Quota"
import type { Faults, Span } from "./Faults.ts"
import type { Server } from "./Servers.ts"

/** About how long the run takes, and the quota that decides. */
interface Course {
  readonly millis: number
  readonly quota: Quota.Quota
  readonly shortestMillis: number
}

export interface Trial {
  readonly name: string
  readonly faults: (course: Course) => Faults
  /** Drift on top of the clocks' own. */
  readonly drift?: number
  /** Slack on top of the quotas' own, which the client is told to allow. */
  readonly slackMillis?: number
  /** Where it means anything at all; default everywhere. */
  readonly concerns?: (server: Server) => boolean
  /** Where an assumption is broken; default nowhere. */
  readonly breaks?: (server: Server) => boolean
  /** How often it may be noticed then; default 6, or 9 for what lasts. All that was under way at the time may be refused. */
  readonly few?: (server: Server) => number
  /** It does not end in the second quarter of the run, so that it may be met once more later. */
  readonly isLasting?: boolean
}

const always = () => true
const tells = ({ world }: Server) => world?.tells !== undefined
const hasPhase = ({ quotas: [quota] }: Server) => quota.kind === "fixed" && quota.phase !== "unknown"
const hasWindow = ({ quotas: [quota] }: Server) => quota.kind !== "concurrency"
/** A reset that was told before the first request was counted is no reset. */
const tellsWindowsEarly = (server: Server) => hasPhase(server) && server.world?.counting?.start === "firstRequest"
const episode = ({ millis }: Course): Span => ({ from: millis / 4, until: millis / 2 })
/** Strangers use about a third. */
const strangers = ({ limit, windowMillis }: Quota.Quota) => (limit / Math.max(windowMillis, 200)) * 300

export const trials: ReadonlyArray<Trial> = [
  { name: "nothing", faults: () => ({}) },
  { name: "requests lost", faults: () => ({ lostRequests: 0.02 }) },
  { name: "responses lost", faults: () => ({ lostResponses: 0.02 }) },
  { name: "timeouts", faults: () => ({ timeoutMillis: 110 }) },
  { name: "aborted, counted late", faults: () => ({ aborted: 0.02 }) },
  { name: "given up unsent", faults: () => ({ unsent: 0.05 }) },
  { name: "5xx, counted", faults: () => ({ errors: { everyMillis: 20_000, lastMillis: 2000, isCounted: true } }) },
  { name: "5xx, not counted", faults: () => ({ errors: { everyMillis: 20_000, lastMillis: 2000, isCounted: false } }) },
  { name: "headers missing", concerns: tells, faults: () => ({ headers: { missing: 0.5 } }) },
  { name: "headers late", concerns: tells, faults: () => ({ headers: { staleMillis: 50 } }) },
  { name: "headers rubbish", concerns: tells, faults: () => ({ headers: { rubbish: 0.2 } }) },
  { name: "counts that lie", concerns: tells, faults: () => ({ headers: { falseCounts: 0.01 } }) },
  {
    name: "times that lie",
    concerns: tells,
    breaks: hasPhase,
    isLasting: true,
    faults: () => ({ headers: { falseTimes: 0.01 } })
  },
  {
    name: "counter lags, as told",
    concerns: hasWindow,
    breaks: tellsWindowsEarly,
    slackMillis: 20,
    faults: () => ({ lagMillis: 20 })
  },
  { name: "restarts", faults: ({ millis }) => ({ restartEveryMillis: millis / 20 }) },
  {
    name: "clock steps ahead",
    breaks: hasPhase,
    faults: ({ millis }) => ({ jumps: [{ at: millis / 4, byMillis: 3000 }] })
  },
  {
    name: "clock steps back",
    concerns: hasWindow,
    breaks: always,
    faults: ({ millis, quota }) => ({ jumps: [{ at: millis / 4, byMillis: -quota.windowMillis / 2 }] })
  },
  { name: "clock runs slow", concerns: hasWindow, breaks: always, isLasting: true, drift: -0.01, faults: () => ({}) },
  {
    name: "counter lags too much",
    concerns: hasWindow,
    breaks: always,
    isLasting: true,
    faults: ({ shortestMillis }) => ({ lagMillis: shortestMillis / 10 })
  },
  {
    name: "limit halved, told",
    concerns: tells,
    breaks: always,
    faults: (course) => ({ lowered: { ...episode(course), part: 0.5 } })
  },
  {
    name: "limit halved, not told",
    concerns: (server) => !tells(server),
    breaks: always,
    few: () => 10,
    faults: (course) => ({ lowered: { ...episode(course), part: 0.5 } })
  },
  {
    name: "refusals count",
    concerns: hasWindow,
    breaks: always,
    faults: (course) => ({ lowered: { ...episode(course), part: 0.5 }, countsRefused: true })
  },
  {
    name: "others on the key",
    breaks: always,
    few: ({ quotas: [{ kind }] }) => (kind === "idleReset" ? 40 : 15),
    faults: (course) => ({ others: { ...episode(course), perSecond: strangers(course.quota) } })
  }
]
