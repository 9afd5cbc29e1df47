/** An authorization server whose tokens live for seconds, and an Attio that takes no others. */
import { simulation } from "@sluice/providers/attio/simulation"
import type { Simulation } from "@sluice/core/Simulation"

const lifetimeSeconds = 3

/** Takes each refresh token once; access tokens say when they expire. */
export const oauth: Simulation = {
  id: "oauth",
  baseUrl: "https://app.attio.com/oauth",
  quotas: {},
  meters: () => [],
  headers: () => ({}),
  refuse: () => ({ status: 429 }),
  routes: [
    {
      method: "POST",
      path: "/token",
      handle: ({ body }, _params, { memory, nowMillis, sequence }) => {
        const expected = memory.get("refresh") ?? "refresh-0"
        if (new URLSearchParams(body).get("refresh_token") !== expected) {
          return { status: 400, body: { error: "invalid_grant" } }
        }
        const refresh_token = `refresh-${sequence + 1}`
        memory.set("refresh", refresh_token)
        return {
          status: 200,
          body: {
            access_token: `access-${sequence}-until-${nowMillis + lifetimeSeconds * 1000}`,
            refresh_token,
            expires_in: lifetimeSeconds
          }
        }
      }
    }
  ]
}

const unauthorized = { status: 401, body: { status_code: 401, type: "auth_error", code: "unauthorized" } }

/** Counts by workspace whatever the token, and revokes the first one when it has been used `revokedAfter` times. */
export const attio = (revokedAfter = Infinity): Simulation => ({
  ...simulation,
  intercept: (request, context) => {
    const token = request.headers["authorization"] ?? ""
    const first = context.memory.get("first") ?? token
    const uses = Number(context.memory.get("uses") ?? 0) + (token === first ? 1 : 0)
    context.memory.set("first", first).set("uses", uses)
    const [, until] = /^Bearer access-\d+-until-(\d+)$/.exec(token) ?? []
    const isRevoked = token === first && uses > revokedAfter
    return isRevoked || context.nowMillis >= Number(until ?? 0)
      ? unauthorized
      : simulation.intercept?.(request, context)
  },
  meters: (request, quotas) => simulation.meters(request, quotas).map((meter) => ({ ...meter, key: "acme" }))
})
