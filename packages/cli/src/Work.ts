/**
 * What the demo does at each provider: which call, how often, how much faster than life, and what the provider's own page
 * tells its readers to do about a refusal. One entry a provider; one without an entry gets a plain `GET`.
 */
import type { Quota } from "@sluice/core/Quota"
import type { Simulation } from "@sluice/core/Simulation"
import { type Call, type Manners, secondsOf } from "./Naive.ts"

export interface Work {
  readonly call: (index: number) => Call
  readonly calls: number
  /** Windows and latencies pass so many times faster than life. */
  readonly speed: number
  readonly manners: Manners
  /** A call that the provider refuses whatever its quotas say, and why: its own way to test. */
  readonly provoked?: { readonly call: Call; readonly says: string }
}

const work: Readonly<Record<string, Work>> = {
  attio: {
    call: () => ({ method: "GET", path: "/v2/self" }),
    // Half a window over: one call more or less is not worth a second.
    calls: 950,
    speed: 1,
    manners: {
      says: "sleep until the date in Retry-After",
      onRefusal: ({ headers, nowMillis }) => orElse(Date.parse(headers["retry-after"] ?? "") - nowMillis, 1000)
    },
    provoked: {
      call: {
        method: "POST",
        path: "/v2/objects/people/records/query",
        body: { sorts: Array.from({ length: 30 }, (_, index) => ({ attribute: `a${index}`, direction: "asc" })) }
      },
      says: "a query whose score alone is above the ceiling"
    }
  },
  clarifai: {
    call: () => ({ method: "GET", path: "/v2/models/types" }),
    calls: 300,
    speed: 1,
    manners: { says: "on CONN_THROTTLED wait 15 seconds", onRefusal: () => 15_000 }
  },
  prayerletters: {
    call: (index) => ({
      method: "POST",
      path: `/v3/contacts/c-100-${String(1000 + (index % 20))}`,
      body: { name: `Contact ${index % 20}` }
    }),
    calls: 500,
    speed: 360,
    manners: {
      says: "exponential backoff, here from one second",
      onRefusal: ({ refusals }) => 1000 * 2 ** (refusals - 1)
    },
    provoked: {
      call: { method: "POST", path: "/v3/contacts/c-100-1000", body: { name: "x" }, headers: { "x-ratelimit": "1" } },
      says: "the page's own header to force a refusal, X-RateLimit: 1"
    }
  },
  productlane: {
    call: (index) => ({
      method: "POST",
      path: "/threads",
      body: { text: `<p>Feedback ${index}</p>`, contact_email: `user-${index % 40}@example.com` }
    }),
    calls: 400,
    speed: 15,
    manners: {
      says: "pre-pace when X-RateLimit-Remaining is below 5; Retry-After with up to 500 ms of jitter on top",
      onRefusal: ({ headers, random }) => (secondsOf(headers["retry-after"]) ?? 1000) + random * 500,
      afterAnswer: ({ headers, nowMillis }) =>
        Number(headers["x-ratelimit-remaining"] ?? 0) < 5
          ? Math.max(0, Number(headers["x-ratelimit-reset"] ?? 0) * 1000 - nowMillis)
          : 0
    }
  },
  suiteop: {
    call: () => ({ method: "GET", path: "/api/v1/tasks?limit=5" }),
    calls: 1200,
    // It has a window of a second and one of a minute: fast enough to see the minute, slow enough to meet the second.
    speed: 3,
    manners: {
      says: "the page's shell loop: on 429 a second request (curl -I) for its Retry-After, or else 10 seconds; then 0.1 s",
      asksAgainBy: "HEAD",
      onRefusal: ({ headers }) => secondsOf(headers["retry-after"]) ?? 10_000,
      afterAnswer: () => 100
    }
  }
}

/** The provider's entry, or a plain `GET` with the speed that makes its windows worth watching. */
export const of = (simulation: Simulation): Work => {
  const known = work[simulation.id]
  if (known !== undefined) return known
  const route = simulation.routes.find(({ method }) => method === "GET")
  const path = (route?.path ?? "/").replaceAll(/:[^/]+/g, "1")
  return {
    call: () => ({ method: "GET", path }),
    calls: 200,
    speed: speedFor(Object.values(simulation.quotas)),
    manners: {
      says: "Retry-After, or exponential backoff from one second",
      onRefusal: ({ headers, refusals }) => secondsOf(headers["retry-after"]) ?? 1000 * 2 ** (refusals - 1)
    }
  }
}

/** Windows of seconds at their own speed; longer ones so that the shortest of them takes three seconds. */
export const speedFor = (quotas: ReadonlyArray<Quota>): number => {
  const shortest = Math.min(...quotas.map(({ windowMillis }) => windowMillis).filter((millis) => millis > 0))
  return Number.isFinite(shortest) && shortest >= 60_000 ? Math.round(shortest / 3000) : 1
}

const orElse = (millis: number, fallback: number) => (Number.isNaN(millis) ? fallback : Math.max(0, millis))
