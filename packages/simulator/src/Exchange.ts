/** One request's way to a simulated server, the instant of counting, and the way back, in the time of the `Clock`. */
import type { Request } from "@sluice/core/Simulation"
import { Clock, Effect, Fiber } from "effect"
import type { Answer, Server } from "./Server.ts"

/**
 * Interrupted on the way there, the request is never counted, or counted later all the same if the scenario says so;
 * interrupted on the way back, it stays counted.
 */
export const exchange = (server: Server, request: Request): Effect.Effect<Answer> =>
  Effect.suspend(() => {
    const { beforeMillis, afterMillis } = server.latency()
    const counted = Effect.map(Clock.currentTimeMillis, (now) => server.arrive(request, now, now + afterMillis))
    const arrived = beforeMillis > 0 ? Effect.andThen(Effect.sleep(beforeMillis), counted) : counted
    const answered =
      server.scenario.abandoned === "counted"
        ? Effect.flatMap(Effect.forkDetach(arrived, { startImmediately: true }), Fiber.join)
        : arrived
    return afterMillis > 0 ? Effect.tap(answered, Effect.sleep(afterMillis)) : answered
  })
