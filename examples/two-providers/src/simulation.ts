/** An Attio that knows people by their addresses, and that can be down. */
import type { Simulation } from "@sluice/core/Simulation"
import { simulation } from "@sluice/providers/attio/simulation"

export const attio = (isDown: (nowMillis: number) => boolean): Simulation => ({
  ...simulation,
  intercept: (request, context) =>
    isDown(context.nowMillis) ? { status: 503, body: "down" } : simulation.intercept?.(request, context),
  routes: [
    {
      method: "POST",
      path: "/v2/objects/people/records/query",
      handle: ({ body }) => {
        const email: string = JSON.parse(body).filter.email_addresses
        return {
          status: 200,
          body: { data: [{ values: { name: [{ value: `Person ${email.replace(/\D/g, "")}` }] } }] }
        }
      }
    }
  ]
})
