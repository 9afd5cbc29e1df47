/** Rules that look right: for each a schedule that it allows and that a server refuses. */
import { Quota } from "@sluice/core"
import type { Counter } from "@sluice/simulator"

/** When a request was sent, counted by the server, and answered; the last one of a schedule needs no answer. */
export type Request = readonly [sentAt: number, countedAt: number, answeredAt?: number, end?: "read late" | "given up"]

export interface Counterexample {
  readonly looksRight: string
  readonly server: string
  readonly quota: Quota.Quota
  readonly counting?: Counter.Options
  readonly requests: ReadonlyArray<Request>
  /** The quota to configure, if it is not the server's own. */
  readonly ours?: Quota.Quota
}

/** Without margins, so that the instants can be followed by hand. */
const exact = { rateMargin: 0, slack: 0 } as const

export const counterexamples: ReadonlyArray<Counterexample> = [
  // #region sent
  {
    looksRight: "A slot is free again a window after its request was sent.",
    server: "rolling log, 1 in 3",
    quota: Quota.rolling(1, 3, exact),
    requests: [
      [0, 2, 2],
      [3, 3]
    ]
  },
  // #endregion
  {
    looksRight: "A slot is free again a window after its answer, and not a moment later.",
    server: "rolling log that still counts what is exactly a window old (SQL BETWEEN), 1 in 3",
    quota: Quota.rolling(1, 3, exact),
    counting: { closed: true },
    requests: [
      [0, 0, 0],
      [3, 3]
    ],
    ours: Quota.rolling(1, 3, { ...exact, slack: 1 })
  },
  {
    looksRight: "The shortest latency so far can be taken off the window: nothing arrives sooner.",
    server: "rolling log, 1 in 10; the way becomes shorter by 4",
    quota: Quota.rolling(1, 10, exact),
    requests: [
      [0, 4, 4],
      [10, 10]
    ]
  },
  {
    looksRight: "Who keeps to a rolling window keeps to every counter of the same limit and window.",
    server: "sliding counter of two windows that begin at 2, 5, ..., 2 in 3",
    quota: Quota.slidingCounter(2, 3, exact),
    counting: { phaseMillis: 2 },
    requests: [
      [0, 0, 0],
      [0, 0, 0],
      [4, 4, 4],
      [4, 4]
    ]
  },
  {
    looksRight: "The same, with a counter whose expiry begins anew at every request.",
    server: "refreshed expiry, 2 in 3",
    quota: Quota.idleReset(2, 3, exact),
    requests: [
      [0, 0, 0],
      [0, 0, 0],
      [3, 3, 3],
      [3, 4, 4],
      [6, 6]
    ]
  },
  {
    looksRight: "A token bucket on the client keeps to the same token bucket on the server.",
    server: "token bucket of 2 that gets 1 back every 2",
    quota: Quota.tokenBucket({ capacity: 2, refill: 1, every: 2 }, exact),
    requests: [
      [0, 0, 0],
      [0, 3, 3],
      [2, 3, 3],
      [4, 4]
    ]
  },
  {
    looksRight: "A bucket that gets 2 back every 4 has 1 back after 2.",
    server: "token bucket of 2 that gets 2 at once, at 3, 7, ...",
    quota: Quota.tokenBucket({ capacity: 2, refill: 2, every: 4, step: 2 }, exact),
    counting: { phaseMillis: 3 },
    requests: [
      [0, 0, 0],
      [0, 0, 0],
      [2, 2]
    ]
  },
  {
    looksRight: "The server's window ends when our clock says so.",
    server: "fixed windows that begin at 2, 12, ... by our clock, 1 in 10",
    quota: Quota.fixed(1, 10, exact),
    counting: { phaseMillis: 2 },
    requests: [
      [8, 8, 8],
      [10, 10]
    ]
  },
  {
    looksRight: "A day has 24 hours.",
    server: "1 a civil day, in hours, on the day when summer time ends",
    quota: Quota.fixed(1, 25, exact),
    counting: { phaseMillis: 0 },
    requests: [
      [0, 0, 0],
      [24, 24]
    ]
  },
  {
    looksRight: "A place is free when the headers have come.",
    server: "1 at a time, until the body has ended",
    quota: Quota.concurrency(1),
    requests: [
      [0, 0, 1, "read late"],
      [1, 1]
    ]
  },
  {
    looksRight: "A request that we gave up was never counted.",
    server: "rolling log, 1 in 3, that reads the request all the same",
    quota: Quota.rolling(1, 3, exact),
    requests: [
      [0, 2, 1, "given up"],
      [1, 3]
    ]
  }
]
