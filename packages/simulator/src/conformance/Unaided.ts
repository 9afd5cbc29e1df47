/**
 * Whether the simulation refuses those who go without Sluice, and its refusals reach a caller as the provider's error.
 *
 * Without this, a simulation that counts nothing would let every client pass.
 */
import { isRateLimited } from "@sluice/core/RateLimited"
import type { Simulation } from "@sluice/core/Simulation"
import { Effect, Option, Redacted } from "effect"
import * as Simulator from "../Simulator.ts"
import type { Finding, Refute } from "./Check.ts"
import { groupOf } from "./Classified.ts"
import { showWire } from "./Decoded.ts"
import * as Simulated from "./Simulated.ts"
import * as Sound from "./SoundSignal.ts"
import { key, type Setting } from "./Subject.ts"
import { show } from "./Violation.ts"
import * as VirtualTime from "./VirtualTime.ts"

export const examine = (setting: Setting, refute: Refute): Effect.Effect<Finding> =>
  Effect.gen(function* () {
    const { provider, requests } = setting
    const names = new Set(Object.values(provider.quotas).map(({ name }) => name))
    const groups = [...Map.groupBy(requests, (request) => groupOf(provider, request)).values()]
    let told = 0
    for (const [request] of groups) {
      if (request === undefined || provider.classify(request, provider.quotas).length === 0) continue
      const input = `${request.method} ${show(request.url)}, again and again and without a limiter`
      const refused = Simulated.spend(setting, request)
      if (refused === undefined) {
        return refute({
          rule: "The simulation refuses a client that keeps to no limit.",
          input,
          value: "no refusal, however many are sent",
          advice:
            "Let the simulation's `meters` give a meter for each quota that the page says the request is counted by."
        })
      }
      const { refusal } = provider.decode(refused.wire)
      const named = refusal && Option.getOrUndefined(refusal.quota)
      if (refusal === undefined || (named !== undefined && !names.has(named))) {
        return refute({
          rule: "The simulation's refusal is the provider's error, and names one of its quotas or none.",
          input: showWire(refused.wire),
          value: refusal ? `the quota ${show(named)}` : "no refusal",
          advice: "Compare what the simulation's `refuse` writes with what `decode` reads."
        })
      }
      if (Option.isSome(refusal.retryAt)) told++
    }
    const [first] = requests
    const found = first && (yield* reaches(setting, refute, first))
    return found ?? `${groups.length} groups of requests are refused, ${told} of them are told when to come back`
  })

/** Sends one request to a server that has no room and is verbose about it. */
const reaches = (setting: Setting, refute: Refute, request: Setting["requests"][number]) =>
  Effect.gen(function* () {
    const { provider } = setting
    const client = yield* setting.make({ apiKey: Redacted.make(key), partition: "conformance", retry: "none" })
    const { exit } = yield* Simulator.fastForward(Effect.flip(client.execute(request)))
    const error: unknown = exit._tag === "Success" ? exit.value : undefined
    const input = `${request.method} ${show(request.url)}, through the client, where there is no room`
    if (!isRateLimited(error) || error.provider !== provider.id) {
      return refute({
        rule: "A refusal reaches the caller as the provider's error.",
        input,
        value: error === undefined ? `the response, or ${show(exit)}` : show(error),
        advice: "Make the client with Pipeline.make(provider, options)."
      })
    }
    if (error.raw.length > 65_536 || Sound.telling({ signal: { readings: [] }, refusal: error }, key) !== undefined) {
      return refute({
        rule: "The error keeps at most 64 KiB of the body, and not the key.",
        input: `${input}, with a body of 200 KiB`,
        value: `${error.raw.length} characters`,
        advice: "Make the client with Pipeline.make(provider, options), and errors without headers of the request."
      })
    }
    return undefined
  }).pipe(
    Effect.provide(
      VirtualTime.layer(verbose(setting.simulation), {
        lower: Object.keys(setting.simulation.quotas).map((quota) => ({ quota, limit: 0 }))
      })
    ),
    Effect.catch((error) =>
      Effect.succeed(
        refute({
          rule: "A refusal reaches the caller as the provider's error.",
          input: `${request.method} ${show(request.url)}`,
          value: error.message,
          advice: "Look what the client waits for: nothing was sent before."
        })
      )
    )
  )

/** The same server, whose refusals go on and on. */
const verbose = (simulation: Simulation): Simulation => ({
  ...simulation,
  refuse(refused, request, context) {
    const response = simulation.refuse(refused, request, context)
    const { body } = response
    // Of a body that tells the refusal nothing may be cut off.
    return response.status >= 400 && typeof body === "object" && body !== null
      ? { ...response, body: { ...body, padding: "x".repeat(200_000) } }
      : response
  }
})
