/** Every safeguard of `Admission`, and the text that takes it away. */
export interface Mutation {
  /** What is no longer kept. */
  readonly safeguard: string
  /** Relative to `packages/core/src`. */
  readonly file: string
  readonly from: string
  readonly to: string
}

const inFile = (file: string, ...mutations: ReadonlyArray<readonly [safeguard: string, from: string, to: string]>) =>
  mutations.map(([safeguard, from, to]): Mutation => ({ file, safeguard, from, to }))

export const mutations: ReadonlyArray<Mutation> = [
  ...inFile(
    "Admission.ts",
    ["a claim needs room in all its quotas", "if (earliest > at) {", "if (earliest > at && i === 0) {"],
    ["heads keep their units in other quotas", "this.reservers.size === 0 ? 0 :", "true ? 0 :"],
    ["who waits longer than a window keeps nothing", "if (other.blockedUntil - nowMillis > book.cooling) continue", ""],
    ["only who ranks higher keeps units", "if (other === permit || !outranks(other, permit)) continue", ""],
    ["a claim larger than its quota never goes", "need.cost > book.largest", "false"],
    ["a quota shut for long says so at once", "if (shutUntil !== undefined) return", "if (false) return"],
    [
      "an abandoned request is held",
      'outcome === "abandoned") book.abandon(need.cost, nowMillis + this.abandonMillis)',
      'outcome === "abandoned") book.giveBack(need.cost)'
    ],
    ["an unsent request is given back", "book.giveBack(need.cost)", "book.abandon(need.cost, nowMillis)"],
    ["refused requests count", "&& !book.quota.countsRefused) book.uncounted", ") book.uncounted"],
    [
      "refused requests do not count where that is documented",
      "&& !book.quota.countsRefused) book.uncounted",
      "&& false) book.uncounted"
    ],
    ["a body cut off holds its place", 'if (end === "cut") book', "if (false) book"],
    [
      "a place is held until the body has ended",
      'if (isLost || book.quota.kind === "concurrency") continue',
      "if (isLost) continue"
    ],
    ["a permit ends once", 'if (permit.state !== "held") return undefined', ""],
    ["a body ends once", 'if (permit.state !== "answered") return\n', ""],
    ["only named quotas close", "const books = named.length > 0 ||", "const books = false &&"],
    ["nothing that matters is evicted", "if (!book.isIdle(nowMillis)) continue", ""],
    ["a pause is bounded", "return 2 * longest", "return Infinity"]
  ),
  ...inFile(
    "admission/Book.ts",
    ["abandoned requests cool when their time is over", "this.cool(units, dueAt, 0, undefined)\n", ""],
    [
      "a closed quota lets nothing go",
      "return Math.max(this.gate.opensAt(now), this.pace.opensAt(now), room)",
      "return Math.max(this.pace.opensAt(now), room)"
    ],
    [
      "units are spread where that is asked for",
      "return Math.max(this.gate.opensAt(now), this.pace.opensAt(now), room)",
      "return Math.max(this.gate.opensAt(now), room)"
    ],
    ["a quota opens gradually", "return this.gate.passes(units, this.inFlight - this.abandoned.kept)", "return true"],
    ["abandoned requests do not keep a closure up", "this.inFlight - this.abandoned.kept)", "this.inFlight)"],
    ["no signal loosens a limit", "this.quota.assumed ? scaled : Math.min(scaled, this.quota.limit)", "scaled"],
    [
      "a guessed limit follows what is told",
      "this.quota.assumed ? scaled : Math.min(scaled, this.quota.limit)",
      "Math.min(scaled, this.quota.limit)"
    ],
    ["what others use is booked", "if (others > 0) {", "if (false) {"],
    ["own requests are not taken for others'", "used - (ownBase + this.booked) -", "used - this.inFlight -"],
    ["a share leaves the rest to others", " - shareOfOthers -", " -"],
    ["a refill in steps is not taken for others", " - (this.quota.step - 1)\n", "\n"],
    ["a refusal closes", "this.gate.close(closedUntil, now, maxPause)", ""],
    ["a refusal teaches", "if (this.caution.refused(sentAt, now, closedUntil, this.cooling)) this.heed(now)", ""],
    ["a penalty is kept", "Math.max(now + this.quota.penaltyMillis, untold)", "untold"],
    [
      "own books explain an untold refusal",
      "Math.max(now + this.gate.backoff(sentAt, backoffCeiling), nextFreeAt)",
      "now + this.gate.backoff(sentAt, backoffCeiling)"
    ],
    [
      "own refusals explain nothing",
      "now < this.acceptedAt + this.cooling ? this.nextFreeAt(now) : now",
      "this.nextFreeAt(now)"
    ],
    [
      "the window has the clocks' drift on top",
      "Math.ceil(quota.windowMillis * (1 + quota.rateMargin)) + quota.slackMillis",
      "quota.windowMillis + quota.slackMillis"
    ],
    [
      "the window has the slack on top",
      "Math.ceil(quota.windowMillis * (1 + quota.rateMargin)) + quota.slackMillis",
      "Math.ceil(quota.windowMillis * (1 + quota.rateMargin))"
    ],
    [
      "a floor is at most half the minimum",
      "Math.floor(Math.min(this.latencyMinimum, this.latencyPrevious) / 2)",
      "Infinity"
    ],
    [
      "a floor counts after a hundred answers",
      "if (this.latencySamples < creditSamples) return 0\n    return Math.min(this.quota.l",
      "return Math.min(this.quota.l"
    ],
    ["an unexpected refusal ends a floor", "    this.latencySamples = 0\n", ""],
    ["what a server says of its work counts only where it counts on arrival", "!this.quota.countsOnArrival || ", ""],
    [
      "what a server says of its work counts after a hundred answers",
      "!this.quota.countsOnArrival || this.latencySamples < creditSamples",
      "!this.quota.countsOnArrival"
    ],
    [
      "a server has not worked longer than the request took",
      "Math.min(latency, Math.floor(servedMillis",
      "Math.min(Infinity, Math.floor(servedMillis"
    ],
    ["a server measures its work by a clock of its own", "servedMillis * (1 - this.quota.rateMargin)", "servedMillis"],
    [
      "a large claim goes when all else has cooled",
      "units <= this.ceiling ? Math.max(this.limit, units) : this.ceiling",
      "this.limit"
    ],
    ["books in use are not evicted", "this.holders === 0 &&\n", ""],
    ["books that learned are not evicted", "this.caution.strikes === 0 &&\n", ""],
    ["closed books are not evicted", "this.gate.until + this.cooling <= now &&\n", ""]
  ),
  ...inFile(
    "admission/AnswerLog.ts",
    ["no entry is free before an older one", "freeAt = Math.max(freeAt, this.frees[last] ?? 0)\n", ""],
    [
      "entries are kept while they may matter",
      "while (this.freed > 0 && (this.stamps[this.head] ?? 0) <= keepAfter) {",
      "while (this.freed > 0) {"
    ],
    ["entries that matter no longer are dropped", "<= keepAfter) {", "<= keepAfter - 1e9) {"]
  ),
  ...inFile(
    "admission/LoggedBook.ts",
    ["others' units cool", "    this.log.push(stamp, freeAt, units)\n    this.foreignLog", "    this.foreignLog"],
    [
      "others' units are not ours",
      "this.inFlight + this.log.busy - this.foreignLog.busy",
      "this.inFlight + this.log.busy"
    ],
    [
      "own units of the window before last explain nothing",
      "this.inFlight + this.log.busy - this.foreignLog.busy",
      "this.inFlight + this.log.kept - this.foreignLog.busy"
    ],
    ["a thousandth is rounded to its end", "(Math.floor(answeredAt / q) + 1) * q", "Math.floor(answeredAt / q) * q"]
  ),
  ...inFile(
    "admission/WindowBook.ts",
    [
      "what is under way holds its slot",
      "const missing = this.inFlight + this.log.busy + units",
      "const missing = this.log.busy + units"
    ],
    [
      "what was answered cools",
      "const missing = this.inFlight + this.log.busy + units",
      "const missing = this.inFlight + units"
    ],
    [
      "a phase that proves wrong is not trusted",
      "    this.distrust(now)\n    const closedUntil",
      "    const closedUntil"
    ],
    [
      "a phase that proves wrong again is not trusted for longer",
      "this.cooling * 2 ** (this.caution.strikes - 1)",
      "this.cooling"
    ],
    [
      "a phase is trusted no more after a clock's step",
      "      this.clockSteps = this.clock.steps\n      this.distrust(now)\n",
      "      this.clockSteps = this.clock.steps\n"
    ],
    [
      "distrust reaches what was freed early",
      "    this.reschedule((stamp) => this.freeAt(stamp, 0, undefined, now))\n",
      ""
    ],
    ["resets that contradict are not trusted", "!(mayBeSame || mayBeOther)) {", "false) {"],
    ["resets beyond the window are not trusted", "resetFrom > answeredAt + this.cooling ||", ""],
    [
      "a reset frees what was counted before it",
      "this.log.hasten(told.resetFrom, resetBy)",
      "this.log.hasten(Infinity, resetBy)"
    ],
    [
      "a stretched window reaches what cools",
      "this.reschedule((stamp, old) => Math.max(old, this.freeAt(stamp, 0, undefined, now)))",
      ""
    ],
    [
      "a refusal that no phase explains lets the kind be doubted",
      "if (wasRolling && !this.isDoubted) this.doubt(now)\n",
      ""
    ],
    ["the phase is doubted before the kind", "if (wasRolling && !this.isDoubted)", "if (!this.isDoubted)"],
    [
      "what went before a phase was distrusted says nothing of the kind",
      "sentAt > this.distrustedFrom &&",
      "sentAt >= 0 &&"
    ],
    ["what two windows do not explain lets no kind be doubted", "if (units <= this.ceiling) return\n", ""],
    ["a refused unit that was not counted is one more", "(this.quota.countsRefused ? 0 : 1)", "0"],
    ["a kind in doubt weighs two windows", "if (this.isDoubted) return super.roomAt(units, now)\n", ""],
    ["what is weighed is logged for two windows", "if (this.isDoubted) return super.freeAt(stamp)\n", ""],
    ["a doubt reaches what was logged before", "    this.reschedule((stamp) => this.freeAt(stamp))\n", ""],
    ["a doubt ends", "if (this.isDoubted && now >= this.doubtedUntil) {", "if (false) {"],
    [
      "what was weighed for a second window is free when a doubt ends",
      "      this.reschedule((stamp) => stamp + this.cooling)\n",
      ""
    ],
    ["a doubt lasts twice as long each time", "    this.doubtMillis *= 2\n", ""],
    [
      "books that doubt their kind are not evicted",
      "return !this.isDoubted && super.isIdle(now)",
      "return super.isIdle(now)"
    ],
    [
      "no phase is trusted while the kind is in doubt",
      "Math.max(this.doubtedUntil, now + this.cooling * 2",
      "Math.max(0, now + this.cooling * 2"
    ]
  ),
  ...inFile(
    "admission/ServerClock.ts",
    ["a date may be stale", "const staleMillis = 50", "const staleMillis = 0"],
    ["a date may come from another node", "const spreadMillis = 100", "const spreadMillis = 0"],
    ["clocks drift", "const leastDrift = 0.001", "const leastDrift = 0"],
    ["clocks drift more where bounds contradict", "Math.min(mostDrift, 2 * this.drift)", "this.drift"],
    ["bounds that contradict are dropped", "if (minimum > maximum) {", "if (false) {"],
    [
      "a date is truncated to the second",
      "dateMillis + 1000 + staleMillis - sentAt",
      "dateMillis + staleMillis - sentAt"
    ],
    ["a date was written after the request was sent", "+ staleMillis - sentAt", "+ staleMillis - receivedAt"]
  ),
  ...inFile(
    "admission/SlidingBook.ts",
    ["the weight is taken where answers enter the window", "this.weightWithin(now, present, most, 0) && ", ""],
    [
      "the weight is taken where answers leave the window before",
      " && this.weightWithin(now, present, most, this.window)",
      ""
    ],
    ["what is under way has no age", "const present = this.inFlight + units", "const present = units"],
    [
      "answers are kept for two windows",
      "return stamp + this.window + this.cooling + 1",
      "return stamp + this.cooling + 1"
    ],
    ["ages have the slack taken off", " - (this.cooling - this.window))", ")"],
    [
      "what leaves the last window ends an untold closure",
      "Math.max(now, super.nextFreeAt(now) - this.window - 1)",
      "super.nextFreeAt(now)"
    ]
  ),
  ...inFile("admission/bookOf.ts", [
    "a stance of unknown weighs two windows",
    'isWindow && stance === "unknown"',
    "isWindow && stance !== stance"
  ]),
  ...inFile(
    "admission/BucketBook.ts",
    [
      "what is under way does not leak",
      "(this.inFlight + units - capacity) * this.interval + this.debt",
      "(units - capacity) * this.interval + this.debt"
    ],
    [
      "debt leaks at the rate, with its margin",
      "Math.ceil(quota.windowMillis * (1 + quota.rateMargin))",
      "quota.windowMillis"
    ],
    [
      "a refill in steps holds a step less",
      "return Math.max(1, this.ceiling - (this.quota.step - 1))",
      "return this.ceiling"
    ],
    [
      "a stretched window slows the bucket",
      "    this.interval = interval\n  }\n\n  protected bookForeign",
      "  }\n\n  protected bookForeign"
    ]
  ),
  ...inFile(
    "admission/SimpleBooks.ts",
    [
      "a batch is over when nothing is under way",
      "if (this.inFlight === 0 && now >= this.lastAnswerAt + this.cooling) {",
      "if (now >= this.lastAnswerAt + this.cooling) {"
    ],
    [
      "a batch is over after a quiet window",
      "if (this.inFlight === 0 && now >= this.lastAnswerAt + this.cooling) {",
      "if (this.inFlight === 0) {"
    ],
    ["a place is free after the lag", "if (this.quota.releaseLagMillis === 0) return", "return"]
  ),
  ...inFile(
    "admission/Gate.ts",
    ["a closure is never shortened", "Math.max(this.closedUntil, until)", "until"],
    ["one goes first", "    this.width = 1\n", "    this.width = Infinity\n"],
    ["older answers open nothing", "if (sentAt <= this.closedAt) return false\n", ""],
    ["untold closures double", "else if (sentAt > this.closedAt) this.fallback *= 2\n", ""],
    ["untold closures are bounded", "this.fallback = Math.min(ceiling, this.fallback)", ""],
    ["one probe goes each time", "this.probeAt = now + this.probeEvery\n", "this.probeAt = now\n"],
    ["a success ends the doubling", "    this.fallback = 0\n    const endsClosure", "    const endsClosure"]
  ),
  ...inFile(
    "admission/Caution.ts",
    ["a refusal cuts the limit", "const cut = 0.8", "const cut = 1"],
    ["a limit is cut once for all that was under way", "if (sentAt <= this.noticedAt) return false\n", ""],
    ["a limit grows back", "this.growsAt = closedUntil + this.growEvery", "this.growsAt = Infinity"],
    ["each refusal doubles the time to the next attempt", "cooling * 2 ** (this.strikes - 1)", "cooling"],
    ["a limit grows no further than the ceiling", "Math.min(ceiling, this.limit + ", "Math.max(0, this.limit + "],
    ["a refusal stretches the window", "    this.extraMillis = Math.min(extra,", "    this.extraMillis = Math.min(0,"],
    ["a window is stretched by a tenth at most", "Math.min(extra, this.mostExtra)", "extra"],
    ["refusals are forgotten", "this.calmAt = closedUntil + this.calm(cooling)", "this.calmAt = Infinity"]
  ),
  ...inFile(
    "admission/Pace.ts",
    ["spread units keep their distance", "+ units * interval", ""],
    ["little that is left is spread", "this.slowUntil = until", "this.slowUntil = now"]
  ),
  ...inFile(
    "admission/Told.ts",
    ["a wait has what it may be off on top", "Math.ceil(after + retry.toleranceMillis)", "Math.ceil(after)"],
    ["a wait is bounded", "Math.min(longestMillis, Math.ceil(after", "Math.min(Infinity, Math.ceil(after"],
    ["a wait that is past says nothing", "if (!(after > 0)) return undefined\n", ""],
    [
      "a date is read against the response's own",
      "if (signal.serverDateMillis !== undefined) return nowMillis + (millis - signal.serverDateMillis)\n",
      ""
    ],
    [
      "a reset that is past says nothing",
      "const isAhead = bounds !== undefined && bounds.by > sentAt",
      "const isAhead = bounds !== undefined"
    ],
    [
      "seconds to a reset count from the request",
      "from: sentAt + Math.floor(millis - drift",
      "from: nowMillis + Math.floor(millis - drift"
    ],
    [
      "readings of other quotas are not ours",
      "if (reading.quota === quota.name || (reading.quota === undefined && claim.needs.length === 1)) return reading",
      "return reading"
    ],
    [
      "numbers that cannot be say nothing",
      "value !== undefined && Number.isFinite(value) && value >= minimum && value <= 1_000_000_000",
      "value !== undefined"
    ]
  )
]
