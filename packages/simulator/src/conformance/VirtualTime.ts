/** A limiter, the simulation in the place of the network, and a clock of their own that starts at an ordinary instant. */
import * as RateLimiter from "@sluice/core/RateLimiter"
import type { Simulation } from "@sluice/core/Simulation"
import { Layer } from "effect"
import { TestClock } from "effect/testing"
import type * as Scenario from "../Scenario.ts"
import * as Simulator from "../Simulator.ts"
import { startMillis } from "./Subject.ts"

export const layer = (simulation: Simulation, scenario: Scenario.Input) =>
  RateLimiter.layer.pipe(
    Layer.provideMerge(Simulator.layer(simulation, scenario)),
    Layer.provideMerge(Layer.effectDiscard(TestClock.setTime(startMillis))),
    // Not the clock of the test that runs the check.
    Layer.provideMerge(Layer.fresh(TestClock.layer()))
  )
