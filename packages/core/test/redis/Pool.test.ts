import { assert, describe, it } from "@effect/vitest"
import { Claim, Quota } from "@sluice/core"
import { Desk } from "@sluice/core/redis/Desk"
import { Pool } from "@sluice/core/redis/Pool"

const claim = Claim.of(Quota.rolling(1, 1000))
const desk = new Desk({
  options: () => ({ layout: { prefix: "pool", tagBy: "partition" }, abandonMillis: 0, maxPauseMillis: undefined }),
  leaseMillis: 1000,
  now: () => 0,
  steps: [],
  onDue: () => {},
  onAnswered: () => {},
  onFailed: () => {}
})

/** Redis says that there is no room, and when to ask again. */
const wait = (turn: number) => ({ _tag: "Wait", at: 0, need: 0, afterMillis: 500, askAfterMillis: 900, turn }) as const

describe("Pool", () => {
  it("heeds what was said last of its turn, whichever it hears last", () => {
    const pool = new Pool(claim, desk, "worker/pool")
    pool.refuse(wait(1), 1000, [])
    assert.strictEqual(pool.reply?.askAt, 1900)
    pool.call(3, 1200)
    assert.strictEqual(pool.reply?.askAt, 1200)
    pool.refuse(wait(2), 1100, [])
    assert.strictEqual(pool.reply?.askAt, 1200)
    pool.refuse(wait(4), 1100, [])
    assert.strictEqual(pool.reply?.askAt, 2000)
  })
})
