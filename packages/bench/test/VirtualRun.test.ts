import { sluice } from "@sluice/bench/peers/SluicePeer"
import * as Measurement from "@sluice/bench/Measurement"
import * as Policy from "@sluice/bench/Policy"
import * as VirtualRun from "@sluice/bench/VirtualRun"
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"

/** The share of the best time that the rule reaches where a processor takes no time, in the first network and in the tail. */
const least: Readonly<Record<string, readonly [uniform: number, tail: number]>> = {
  attio: [0.99, 0.975],
  clarifai: [0.94, 0.94],
  prayerletters: [0.99, 0.98],
  productlane: [0.98, 0.975],
  suiteop: [0.98, 0.98]
}
const repeats = 3

describe("Sluice in virtual time", () => {
  for (const [id, shares] of Object.entries(least)) {
    for (const [index, network] of (["uniform", "tail"] as const).entries()) {
      it.live(
        `is never refused by ${id}, and close to the best time, with latencies of the ${network} network`,
        () =>
          Effect.gen(function* () {
            const loaded = yield* Policy.load(id, false)
            const runs = yield* Effect.forEach([0, 1, 2], (repeat) =>
              VirtualRun.run({ peer: sluice, loaded, network, repeat, repeats })
            )
            assert.deepStrictEqual(
              runs.map(({ failures, refusals }) => [refusals, failures]),
              runs.map(() => [0, []])
            )
            assert.isAtLeast(Measurement.spread(runs.map(({ share }) => share)).median, shares[index] ?? 1)
          }),
        60_000
      )
    }
  }
})
