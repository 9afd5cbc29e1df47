import { NodeServices } from "@effect/platform-node"
import { assert, describe, it } from "@effect/vitest"
import type { Prepare } from "@sluice/bench/Bench"
import * as Judge from "@sluice/bench/judges/Judge"
import * as Judges from "@sluice/bench/judges/Judges"
import * as ServerProcess from "@sluice/bench/judges/ServerProcess"
import * as Trial from "@sluice/bench/judges/Trial"
import type { Peer } from "@sluice/bench/Peer"
import { retryOnly } from "@sluice/bench/peers/RetryOnly"
import { reading, sluice } from "@sluice/bench/peers/SluicePeer"
import * as Lane from "@sluice/cli/Lane"
import { Counter } from "@sluice/simulator"
import { Effect, Layer } from "effect"
import { HttpClient, HttpClientRequest } from "effect/http"

const live = Layer.mergeAll(NodeServices.layer, Lane.httpClient)

/** Where everything is to be judged, a judge that is missing fails, and says why. */
const isLeftOut = (judge: Judge.Judge) => Judges.missing(judge) !== undefined && !Judges.isStrict()
const present = Judges.judges.filter((judge) => !isLeftOut(judge))
const titleOf = (judge: Judge.Judge, fact: string) =>
  isLeftOut(judge) ? `${judge.title} is left out: ${Judges.missing(judge)}` : `${judge.title} ${fact}`

describe("servers that nobody here wrote", () => {
  for (const judge of Judges.judges) {
    it.live.skipIf(isLeftOut(judge))(titleOf(judge, "refuses whoever just retries, and Sluice never"), () =>
      Effect.gen(function* () {
        const lane = yield* Trial.lanes([judge])
        const measure = measuring(lane, judge)
        const readers = [sluice, reading].filter(({ suits }) => suits?.(Judge.load(judge, true)) ?? true)
        const [hasty, ...own] = yield* Effect.all(
          [measure(retryOnly, { atMostMillis: 1000 }), ...readers.map((peer) => measure(peer, {}))],
          { concurrency: "unbounded" }
        )
        assert.isAbove(hasty.refusals, 0)
        for (const measured of own) {
          assert.deepStrictEqual([measured.refusals, measured.failures, measured.done], [0, [], measured.calls])
          // Or it does not count as we think it does.
          assert.isAtMost(measured.share, 1)
        }
      }).pipe(Effect.scoped, Effect.provide(live))
    )
  }

  it.live("count three bursts as the simulator counts them, which tells the best possible time", () =>
    Effect.gen(function* () {
      const results = yield* Effect.forEach(present, (judge, index) => Effect.delay(differences(judge), index * 100), {
        concurrency: "unbounded"
      })
      assert.deepStrictEqual(results.flat(), [])
    }).pipe(Effect.scoped, Effect.provide(live))
  )
})

const measuring =
  (lane: Prepare<ServerProcess.ServerFailed, HttpClient.HttpClient>, judge: Judge.Judge) =>
  (peer: Peer, limit: { readonly atMostMillis?: number }) =>
    Effect.flatMap(
      lane(
        { peer, loaded: Judge.load(judge, true), network: "uniform", isQuick: true, repeat: 0, repeats: 1, ...limit },
        0
      ),
      ({ work }) => work
    )

/** All that fits, more in the same window, and as many as fit in the middle of the next one. */
const burstsOf = ({ quota: { kind, limit, refill, windowMillis } }: Judge.Judge) => {
  const window = kind === "tokenBucket" ? (limit * windowMillis) / refill : windowMillis
  return [
    { afterMillis: 0, size: limit },
    { afterMillis: 0.4 * window, size: 50 },
    { afterMillis: 1.5 * window, size: limit }
  ]
}

interface Asked {
  readonly sentAt: number
  readonly answeredAt: number
  readonly isRefused: boolean
}
const sent = ({ sentAt }: Asked) => sentAt
const answered = ({ answeredAt }: Asked) => answeredAt

/** Bursts of which fewer or more were refused than the simulator refuses, whenever requests were counted between sending and answer. */
const differences = Effect.fnUntraced(function* (judge: Judge.Judge) {
  const url = yield* ServerProcess.start(judge)
  const startedAt = performance.now()
  const now = () => performance.now() - startedAt
  const ask = Effect.gen(function* () {
    const sentAt = now()
    const request = HttpClientRequest.setHeader(HttpClientRequest.get(url), "authorization", "Bearer bursts")
    const response = yield* HttpClient.execute(request)
    yield* response.text
    return { sentAt, answeredAt: now(), isRefused: response.status !== 200 } satisfies Asked
  })
  const bursts = yield* Effect.forEach(
    burstsOf(judge),
    ({ afterMillis, size }) =>
      Effect.delay(
        Effect.all(
          Array.from({ length: size }, () => ask),
          { concurrency: "unbounded" }
        ),
        afterMillis
      ),
    { concurrency: "unbounded" }
  )
  return bursts.flatMap((burst, index) => {
    const before = bursts.slice(0, index)
    const refused = burst.filter(({ isRefused }) => isRefused).length
    // The earlier the former ones were counted, and the later these, the more has been forgotten.
    const least = refusedOf(judge, [...before.map((burst) => burst.map(sent)), burst.map(answered)])
    const most = refusedOf(judge, [...before.map((burst) => burst.map(answered)), burst.map(sent)])
    // One for the parts of milliseconds.
    return refused >= least - 1 && refused <= most + 1
      ? []
      : [`${judge.title}, burst ${index}: ${refused} of ${burst.length} refused, and not ${least} to ${most}`]
  })
})

/** How many of the last burst the simulator refuses that are counted at these instants. */
const refusedOf = ({ counts, quota }: Judge.Judge, bursts: ReadonlyArray<ReadonlyArray<number>>) => {
  const { cost = 1, quota: counted = quota, start } = counts ?? {}
  const counter = Counter.make(counted, {
    ...(start !== undefined && { start }),
    // A bucket of nginx does not count them; to a fixed window it makes no difference.
    countsRefused: counted.kind !== "tokenBucket"
  })
  const refused = bursts.map((burst) =>
    burst
      .toSorted((left, right) => left - right)
      .filter((at) => {
        const { fits } = counter.read(at, cost)
        if (fits) counter.count(at, cost)
        else counter.refuse(at, cost)
        return !fits
      })
  )
  return refused.at(-1)?.length ?? 0
}
