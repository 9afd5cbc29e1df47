/** How long requests are under way, in the machine's time, whatever the policy's speed. */
import type { Scenario } from "@sluice/simulator"
import { Duration } from "effect"

export const networks = {
  uniform: { title: "5 to 50 ms each way", millis: { uniform: [5, 50] } },
  tail: { title: "lognormal each way, a median of 20 ms and a tail to 300 ms", millis: { lognormal: [20, 0.8, 300] } }
} as const

export type Network = keyof typeof networks
export const ids = ["uniform", "tail"] as const satisfies ReadonlyArray<Network>

/** The latencies in the provider's time. */
export const latencyOf = (network: Network, speed: number): NonNullable<Scenario.Input["latency"]> => {
  const way = wayOf(network, speed)
  return { before: way, after: way }
}

const wayOf = (network: Network, speed: number) => {
  const scaled = (millis: number) => Duration.millis(millis * speed)
  if (network === "uniform") {
    const [min, max] = networks.uniform.millis.uniform
    return { uniform: [scaled(min), scaled(max)] as const }
  }
  const [median, sigma, cap] = networks.tail.millis.lognormal
  return { lognormal: { median: scaled(median), sigma, cap: scaled(cap) } }
}
