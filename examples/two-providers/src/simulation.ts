/** An Attio that can be down. */
import type { Simulation } from "@sluice/core/Simulation"
import { simulation } from "@sluice/providers/attio/simulation"

/** `isDown` is asked with the milliseconds since the first request. */
export const attio = (isDown: (millis: number) => boolean): Simulation => ({
  ...simulation,
  intercept: (request, context) => {
    const first = Number(context.memory.get("first request") ?? context.nowMillis)
    context.memory.set("first request", first)
    return isDown(context.nowMillis - first) ? { status: 503, body: "down" } : simulation.intercept?.(request, context)
  }
})
