/** The safeguards of the books in Redis: in TypeScript, and in the texts that Redis runs. */
import { existsSync } from "node:fs"
import { join } from "node:path"
import type { Mutation } from "./Mutations.ts"

/** Whether there is a Redis to run on. */
export const hasRedis =
  process.env["REDIS_URL"] !== undefined ||
  (process.env["PATH"] ?? "")
    .split(":")
    .some((folder) => ["redis-server", "valkey-server"].some((name) => existsSync(join(folder, name))))

export interface RedisMutation extends Mutation {
  /** The suite that is to miss it. */
  readonly suite: Suite
}

/** Suites by their files in `packages/core/test/redis`. */
export const suites = {
  clock: "RedisClock.test.ts",
  pool: "Pool.test.ts",
  lease: "Lease.integration.test.ts",
  fleet: "Fleet.integration.test.ts",
  away: "Away.integration.test.ts",
  store: "RateLimiterStoreRedis.integration.test.ts"
} as const
type Suite = keyof typeof suites

type Row = readonly [suite: Suite, safeguard: string, from: string, to: string]

const inFile = (file: string, ...rows: ReadonlyArray<Row>) =>
  rows.map(([suite, safeguard, from, to]): RedisMutation => ({
    file: `redis/${file}`,
    suite,
    safeguard,
    from,
    to
  }))

export const redisMutations: ReadonlyArray<RedisMutation> = [
  ...inFile(
    "lua/Holds.ts",
    [
      "lease",
      "leases die in the order of their deaths",
      "return a.deadAt < b.deadAt end",
      "return a.deadAt > b.deadAt end"
    ],
    [
      "lease",
      "a slot ends once, though others of its lease are held",
      "elseif slots:sub(slot, slot) == from then",
      "elseif slot > 0 then"
    ]
  ),
  ...inFile(
    "lua/Settling.ts",
    ["lease", "who is dead is not settled", "      book:reap(book.desk.ended)\n", ""],
    [
      "lease",
      "nothing ended before it was granted",
      "local at = max(sentAt, endedAt(book))",
      "local at = endedAt(book)"
    ],
    ["lease", "what is registered again is in flight", "        book:take(cost * open, now)\n", ""]
  ),
  ...inFile(
    "lua/Admitting.ts",
    ["lease", "a lease is granted once", 'if known then return "Admitted " .. #known.slots end', ""],
    [
      "lease",
      "a lease outlives its fence by the abandonment bound",
      "ttl and now + ttl + abandonMillis or huge",
      "ttl and now + ttl or huge"
    ],
    [
      "fleet",
      "only the first in line is admitted",
      "if book.line:precedes(place[i], since[1], now) then",
      "if false then"
    ]
  ),
  ...inFile("lua/Line.ts", [
    "fleet",
    "a first that does not come is dropped",
    "and now > self.comesBy + grace do",
    "and false do"
  ]),
  ...inFile(
    "lua/Desk.ts",
    [
      "lease",
      "books that another process goes on with are closed",
      'local isAnother = self.server ~= server and self.server ~= "" and server ~= ""',
      "local isAnother = false"
    ],
    ["lease", "books that were lost are closed", "if isAnother or (isKnown and not self.saved)", "if isAnother"],
    ["lease", "a step forward is taken off", "self.skew = self.skew + excess\n", ""],
    ["lease", "a step is booked once", "max(0, excess - self.stepMillis)", "excess"]
  ),
  ...inFile(
    "RedisClock.ts",
    ["clock", "a step forward is found out", "if (passed > most) this.steps", "if (passed > Infinity) this.steps"],
    ["clock", "clocks are compared by process", 'const server = reading.server ?? ""', 'const server = ""']
  ),
  ...inFile("Pool.ts", [
    "pool",
    "an answer does not undo a later turn",
    'const isCalled = answer._tag === "Wait" && this.turn.number > answer.turn',
    "const isCalled = false"
  ]),
  ...inFile("Presence.ts", [
    "away",
    "who came later divides what the missing left",
    "left = left - 1 / answer[i + 1]",
    "left = 1"
  ]),
  ...inFile("make.ts", ["away", "who lives on its part is not there", "if (store.isApart) return Effect.void\n", ""]),
  ...inFile("Desk.ts", [
    "store",
    "what is refused for good fails its own claims",
    "this.refusal = isForGood(cause) ? cause : undefined",
    "this.refusal = undefined"
  ]),
  ...inFile("Desk.ts", [
    "away",
    "what is asked no more gives back what it is granted",
    'for (const question of asked) this.said?.news.push({ _tag: "Withdraw", question })',
    ""
  ]),
  ...inFile(
    "RedisStore.ts",
    [
      "fleet",
      "nothing is sent by a lease that may be dead",
      "if (nowMillis < slot.lease.usableUntil) {",
      "if (nowMillis < Infinity) {"
    ],
    ["fleet", "what nobody took goes back", "onDue: (now) => this.giveBackSpare(now)", "onDue: () => {}"],
    [
      "fleet",
      "who gives up leaves the line",
      "    pool.waiting--\n    if (pool.waiting === 0) this.leaveLine(pool)",
      "    pool.waiting--"
    ],
    [
      "fleet",
      "a refusal is told at once",
      'outcome === "answered" ? tellBy(permit, signal, nowMillis) : -Infinity',
      "nowMillis + 1000"
    ],
    [
      "fleet",
      "a closure takes back what was granted",
      "      this.giveBack(pool.takeSpare())\n      pool.hold(until)",
      "      pool.hold(until)"
    ],
    [
      "fleet",
      "what lasts is renewed",
      "if (nowMillis >= lease.renewAt) this.register",
      "if (nowMillis < 0) this.register"
    ],
    [
      "away",
      "nobody waits for Redis after the deadline",
      "if (nowMillis < since + this.options.awayMillis) return undefined",
      "return undefined"
    ],
    [
      "away",
      "a worker that others may not know of has no part",
      "present.at - this.startedAt > unnoticedMillis",
      "present.at > -Infinity"
    ],
    ["away", "what Redis granted ends before a part is used", "if (granted) return", "if (false) return"],
    ["away", "the parts of the missing are left to them", "+ this.missingOf(book.quota.limit, now)", ""],
    [
      "away",
      "who was not heard of for long is missing",
      "if (now - at > missingMillis) return limit",
      "if (now - at > Infinity) return limit"
    ],
    ["away", "what was used of a part is registered", "this.registerShared(this.options.now())", "this.shared.clear()"]
  ),
  ...inFile(
    "Share.ts",
    [
      "away",
      "a part opens when what was granted has cooled",
      "return since + unnoticedMillis + abandonMillis + Math.max(",
      "return since + unnoticedMillis + Math.min(0, "
    ],
    ["away", "a quota is divided by the number of workers", "const part = 1 / this.options.workers", "const part = 1"]
  )
]
