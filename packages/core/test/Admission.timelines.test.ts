import { describe, it } from "@effect/vitest"
import * as Quota from "@sluice/core/Quota"
import { type Row, timeline } from "./admission/Timeline.ts"

const exact = { rateMargin: 0, slack: 0 } as const
const admitted = "admitted" as const

const kinds: Record<string, readonly [Quota.Quota | ReadonlyArray<Quota.Quota>, ReadonlyArray<Row>]> = {
  "a rolling slot when its answer is a window old": [
    Quota.rolling(2, 1000, exact),
    [
      [0, "ask", admitted],
      [0, "ask", admitted],
      [0, "ask", 1000],
      [30, "answered"],
      [30, "ask", 1030],
      [40, "answered"],
      [1029, "ask", 1030],
      [1030, "ask 2", 1040],
      [1030, "ask", admitted],
      [1039, "ask", 1040],
      [1040, "ask", admitted]
    ]
  ],
  "a slot later by slack and margin, a millisecond and a thousandth by default": [
    Quota.rolling(1, 1000),
    [
      [0, "ask", admitted],
      [0, "answered"],
      [1001, "ask", 1002],
      [1002, "ask", admitted]
    ]
  ],
  "a fixed window of unknown phase like a rolling one": [
    Quota.fixed(1, 1000, exact),
    [
      [0, "ask", admitted],
      [999, "answered"],
      [1998, "ask", 1999],
      [1999, "ask", admitted]
    ]
  ],
  // Date 10 s at 10.5 s: the clocks differ by -500 to 550 ms, the nodes by 100, the clocks' rates by a thousandth.
  "a clock's window at its end, as late as its clock may show it": [
    Quota.fixed(1, 60_000, { ...exact, phase: "clock" }),
    [
      [10_500, "ask", admitted],
      [10_500, ["answered", { serverDateMillis: 10_000 }]],
      [60_650, "ask", 60_651],
      [60_651, "ask", admitted]
    ]
  ],
  "a told window at its end, as late as it may mean": [
    Quota.fixed(2, 60_000, { ...exact, phase: "reset" }),
    [
      [0, "ask", admitted],
      [5, "ask", admitted],
      [6, "ask", Infinity],
      [10, "answered"],
      [20, ["answered", { readings: [{ reset: { kind: "after", millis: 30_000, toleranceMillis: 1000 } }] }]],
      [31_019, "ask", 31_020],
      // The first answer told nothing, but came before that end.
      [31_020, "ask 2", admitted]
    ]
  ],
  "half of a sliding counter when half of its window weighs nothing": [
    Quota.slidingCounter(2, 1000, exact),
    [
      [0, "ask 2", admitted],
      [0, "answered"],
      [1499, "ask", 1500],
      [1500, "ask", admitted],
      [1999, "ask", 2000],
      [2000, "ask", admitted]
    ]
  ],
  "a token once it has leaked since the answer, never while in flight": [
    Quota.tokenBucket({ capacity: 2, refill: 1, every: 1000 }, exact),
    [
      [0, "ask 2", admitted],
      [500, "ask", 1500],
      [5000, "answered"],
      [5999, "ask", 6000],
      [6000, "ask", admitted],
      [6000, "ask", 7000],
      [7000, "ask", admitted]
    ]
  ],
  "a bucket that refills two at once one below its capacity": [
    Quota.tokenBucket({ capacity: 3, refill: 2, every: 1000, step: 2 }, exact),
    [
      [0, "ask 3", "never"],
      [0, "ask 2", admitted],
      [0, "answered"],
      [499, "ask", 500],
      [500, "ask", admitted]
    ]
  ],
  "a counter whose expiry is pushed out after silence only": [
    Quota.idleReset(2, 1000, exact),
    [
      [0, "ask", admitted],
      [0, "answered"],
      [900, "ask", admitted],
      [910, "answered"],
      [1899, "ask", 1910],
      [1909, "ask", 1910],
      [1910, "ask 2", admitted]
    ]
  ],
  "a place when the body has ended and the lag after it": [
    Quota.concurrency(1, { releaseLag: 50 }),
    [
      [0, "ask", admitted],
      [10, "answered"],
      [20, "ask", Infinity],
      [100, "read"],
      [149, "ask", 150],
      [150, "ask", admitted]
    ]
  ],
  "a place whose body was cut off when the server has surely ended": [
    Quota.concurrency(1),
    [
      [0, "ask", admitted],
      [10, "answered"],
      [20, "cut"],
      [60_019, "ask", 60_020],
      [60_020, "ask", admitted]
    ]
  ],
  "everything where no number is told": [
    Quota.unpublished(1000),
    Array.from({ length: 50 }, (): Row => [0, "ask", admitted])
  ],
  "the slots of all quotas or none": [
    [Quota.rolling(2, 1000, exact), Quota.rolling(1, 300, { ...exact, name: "burst" })],
    [
      [0, "ask 2", "never"],
      [0, "ask", admitted],
      [10, "answered"],
      [309, "ask", 310],
      [310, "ask", admitted],
      [320, "answered"],
      // Both are full; the later instant counts.
      [320, "ask", 1010],
      [1009, "ask", 1010],
      [1010, "ask", admitted]
    ]
  ],
  "a lost request's slot after it may live, then a window": [
    Quota.rolling(1, 1000, exact),
    [
      [0, "ask", admitted],
      [100, "abandoned"],
      [60_099, "ask", 61_099],
      [60_100, "ask", 61_100],
      [61_099, "ask", 61_100],
      [61_100, "ask", admitted]
    ]
  ],
  "a slot that was never used at once": [
    Quota.rolling(1, 1000, exact),
    [
      [0, "ask", admitted],
      [5, "ask", 1005],
      [10, "unsent"],
      [10, "ask", admitted]
    ]
  ],
  "a refused request's slot at once where it is not counted": [
    Quota.rolling(1, 1000, { ...exact, countsRefused: false }),
    [
      [0, "ask", admitted],
      [10, ["refused", { retry: { kind: "after", millis: 40, toleranceMillis: 0 } }], 50],
      [49, "ask", 50],
      [50, "ask", admitted]
    ]
  ],
  "at most a unit an interval where it is to be even, half an interval sooner after a rest": [
    Quota.rolling(10, 1000, { ...exact, pacing: "even" }),
    [
      [0, "ask", admitted],
      [0, "ask", 50],
      [50, "ask", admitted],
      [149, "ask", 150],
      [150, "ask", admitted]
    ]
  ],
  "a bucket's units evenly by its refill": [
    Quota.tokenBucket({ capacity: 10, refill: 1, every: 1000 }, { ...exact, pacing: "even" }),
    [
      [0, "ask", admitted],
      [500, "ask", admitted],
      [1499, "ask", 1500]
    ]
  ],
  "what little is left over the time that is left": [
    Quota.rolling(10, 1000, { ...exact, slowBelow: { remaining: 5, when: "always" } }),
    [
      [0, "ask", admitted],
      [100, ["answered", { readings: [{ remaining: 4, reset: { kind: "after", millis: 400, toleranceMillis: 0 } }] }]],
      [100, "ask", admitted],
      [149, "ask", 150],
      [150, "ask", admitted],
      [249, "ask", 250]
    ]
  ]
}

describe("Admission", () => {
  for (const [name, [quotas, rows]] of Object.entries(kinds)) {
    it(`gives ${name}`, () => void timeline(quotas, rows))
  }
})
