/** The span around what is sent: over the HTTP client's own, with what is known here and not there. */
import { Effect, type Fiber } from "effect"
import type { Permit } from "../Admission.ts"
import { tellErrorType } from "../limiter/errorType.ts"

/** Runs the effect as it is where nobody traces. `resends` is how often the call's request was sent before. */
export const traced = <A, E, R>(
  fiber: Fiber.Fiber<unknown, unknown>,
  { admittedAt, claim, waiter }: Permit,
  resends: number,
  send: Effect.Effect<A, E, R>
): Effect.Effect<A, E, R> => {
  if (fiber.cache.tracer === undefined) return send
  const attributes = {
    "sluice.provider": claim.origin,
    "sluice.partition": claim.partition,
    "sluice.wait_seconds": waiter ? (admittedAt - waiter.since) / 1000 : 0,
    ...(waiter?.boundBy && { "sluice.quota": waiter.boundBy.quota.name }),
    ...(resends > 0 && { "http.request.resend_count": resends })
  }
  return Effect.useSpan("sluice.send", { attributes }, (span) =>
    Effect.onExitPrimitive(Effect.withParentSpan(send, span), (exit) => {
      tellErrorType(span, exit)
    })
  )
}
