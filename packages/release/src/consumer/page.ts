/** What a page does: reads through the limiter, all asked for at once, with the browser's own `fetch`. */
import * as RateLimiter from "@sluice/core/RateLimiter"
import { Attio } from "@sluice/providers/attio"
import { Effect, Layer, Redacted } from "effect"
import { FetchHttpClient } from "effect/http"

export interface Seen {
  /** How many answers had which status. */
  readonly statuses: Readonly<Record<string, number>>
  readonly millis: number
}

const run = (baseUrl: string, calls: number): Promise<Seen> => {
  const AttioLive = Attio.layer({ apiKey: Redacted.make("key"), baseUrl }).pipe(
    Layer.provide([FetchHttpClient.layer, RateLimiter.layer])
  )
  const start = performance.now()
  return Effect.gen(function* () {
    const attio = yield* Attio.Client
    const ids = Array.from({ length: calls }, (_, i) => i)
    const answers = yield* Effect.forEach(ids, (id) => attio.get(`/v2/self?call=${id}`), {
      concurrency: "unbounded"
    })
    const statuses = new Map<string, number>()
    for (const { status } of answers) statuses.set(String(status), (statuses.get(String(status)) ?? 0) + 1)
    return { statuses: Object.fromEntries(statuses), millis: performance.now() - start }
  }).pipe(Effect.provide(AttioLive), Effect.runPromise)
}

Object.assign(globalThis, { run })
