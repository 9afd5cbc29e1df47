/**
 * The way to a server on this machine, as long as ways are in life: each request waits before it leaves, and its answer before
 * it is handed on. The server counts in between, at an instant that the client cannot know. Its refusals are counted here.
 */
import { Latency, Scenario, Seeded } from "@sluice/simulator"
import { Effect } from "effect"
import { HttpClient } from "effect/http"
import * as Attempt from "./Attempt.ts"
import * as Network from "./Network.ts"

export interface Way {
  readonly client: HttpClient.HttpClient
  /** Requests that left, and answers that were refusals, so far. */
  readonly counts: { readonly requests: number; readonly refusals: number }
}

/** Draws the latencies in the order in which the requests are made. */
export const make = (client: HttpClient.HttpClient, network: Network.Network, seed: number): Way => {
  const latency = Scenario.make({ latency: Network.latencyOf(network, 1) })
  const before = Latency.sampler(latency.before, Seeded.make(seed, "before"))
  const after = Latency.sampler(latency.after, Seeded.make(seed, "after"))
  const counts = { requests: 0, refusals: 0 }
  return {
    counts,
    client: HttpClient.transform(client, (answer) =>
      Effect.suspend(() => {
        const [there, back] = [before(), after()]
        return Effect.gen(function* () {
          yield* Effect.sleep(there)
          counts.requests++
          const response = yield* answer
          if (Attempt.isRefusal(response)) counts.refusals++
          yield* Effect.sleep(back)
          return response
        })
      })
    )
  }
}
