/** PrayerLetters' test headers: https://www.prayerletters.com/dev/errors/429 ("Testing"), read on 2026-11-22. */
import { ClaimError } from "@sluice/core/Claim"
import * as Quota from "@sluice/core/Quota"
import { HttpClientRequest } from "effect/http"

type Headers = Readonly<Record<string, string | undefined>>

const forcing = "x-ratelimit"

/** Makes PrayerLetters refuse the request, "regardless of per-endpoint limits" (`X-RateLimit: 1`). It draws on no quota. */
export const forceRateLimit = (request: HttpClientRequest.HttpClientRequest): HttpClientRequest.HttpClientRequest =>
  HttpClientRequest.setHeader(request, forcing, "1")

/**
 * Lowers the endpoint's limit for the request (`X-RateLimit-Hour: 5`); a limit that is not lower than the endpoint's own
 * is ignored. Requests with the same limit draw on a quota of their own of so many, on top of the endpoint's. Throws
 * `ClaimError`.
 */
export const limitTo = (interval: "hour" | "day", limit: number) => {
  if (!Number.isInteger(limit) || limit < 1) {
    throw new ClaimError({ field: `limitTo ${interval}`, rule: "a whole number of requests, 1 or more", value: limit })
  }
  return (request: HttpClientRequest.HttpClientRequest): HttpClientRequest.HttpClientRequest =>
    HttpClientRequest.setHeader(request, `${forcing}-${interval}`, String(limit))
}

/** Whether the request asks to be refused: "a non-blank, non-zero value". */
export const isForced = (headers: Headers): boolean => Number(headers[forcing] ?? 0) !== 0

/** The name of the quota that a header sets in the place of this one. */
export const nameOf = (quota: string): string => `test-${quota}`

/** The quotas that the headers of a request set in the place of its endpoint's, where they are lower. */
export const lowered = (headers: Headers, own: ReadonlyArray<Quota.Quota>): ReadonlyArray<Quota.Quota> =>
  own.flatMap((quota) => {
    const value = headers[`${forcing}-${quota.name}`]?.trim() ?? ""
    const limit = /^\d+$/.test(value) ? Math.max(1, Number(value)) : Infinity
    if (limit >= quota.limit) return []
    const { source: _, ...definition } = Quota.definition(quota)
    return [
      Quota.make({
        ...definition,
        name: nameOf(quota.name),
        limit,
        published: limit,
        assumed: false,
        step: Math.min(quota.step, limit)
      })
    ]
  })
