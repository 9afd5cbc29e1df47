/** A judge as its client sees it: one quota for everything, refusals by status, and whatever the usual headers tell. */
import * as Claim from "@sluice/core/Claim"
import type { Provider } from "@sluice/core/Provider"
import * as RateLimited from "@sluice/core/RateLimited"
import * as Signal from "@sluice/core/Signal"
import { Option, Schema } from "effect"
import * as Attempt from "../Attempt.ts"
import type { Judge } from "./Judge.ts"

/** A judge refused a request, which it has not processed. */
export class JudgeRateLimited extends Schema.TaggedError<JudgeRateLimited>()("JudgeRateLimited", RateLimited.fields) {
  override get message() {
    return RateLimited.sentence("The judge", this, Option.none())
  }
}

export const make = ({
  docs,
  id,
  nameInHeaders,
  quota
}: Pick<Judge, "docs" | "id" | "nameInHeaders" | "quota">): Provider<RateLimited.RateLimited> => ({
  id,
  docs,
  baseUrl: "http://127.0.0.1",
  authorization: "Bearer",
  quotas: { requests: quota },
  classify: (_request, quotas) => Object.values(quotas).map((quota) => Claim.need(quota)),
  decode: (wire) => {
    const names = nameInHeaders === undefined ? {} : { [nameInHeaders]: quota.name }
    const said = Signal.fromHeaders(wire.headers, { names })
    if (!Attempt.isRefusal(wire)) return { signal: said }
    const { common, signal } = RateLimited.refused(id, wire, said)
    return { signal, refusal: new JudgeRateLimited(common) }
  },
  reads: "errors",
  repeatsRefused: () => true
})
