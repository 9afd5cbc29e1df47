import { assert, describe, it } from "@effect/vitest"
import { Effect, Semaphore } from "effect"
import { describeOwnRedis } from "../RedisServer.ts"
import * as Fault from "./Fault.ts"
import { faults } from "./Faults.ts"

/** Most of the time they only wait, but each has four processes of its own. Those that wait for their turn do so in their time. */
const few = Semaphore.makeUnsafe(3)

describeOwnRedis("A fleet of workers", () => {
  describe.concurrent("is never refused, uses the quota in full again and loses no slot", () => {
    for (const fault of faults) {
      it.live(
        fault.name,
        () =>
          Effect.map(few.withPermits(1)(Fault.run(fault, 0)), ({ problems }) => assert.deepStrictEqual(problems, [])),
        300_000
      )
    }
  })
})
