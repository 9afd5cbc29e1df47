/** A provider and its client, as an outbox uses them. */
import type * as Pipeline from "@sluice/core/Pipeline"
import type { RateLimited } from "@sluice/core/RateLimited"
import { Duration, Option, Schema } from "effect"
import { HttpClientRequest } from "effect/http"
import { toRequest } from "../Call.ts"
import type { Refused } from "../Failure.ts"
import type { Stored } from "../OutboxStore.ts"
import type { AnyProvider, Arrived } from "../Sendable.ts"

export interface Channel {
  readonly provider: AnyProvider
  readonly client: Pipeline.Client<RateLimited>
  /** Finds out whether a call in doubt has arrived. */
  readonly arrived: Arrived | undefined
  /** The class of the provider's refusals. */
  readonly refusals: Schema.Codec<unknown, unknown>
}

/** The request as it is sent: with the ticket's key, where its provider takes one. */
export const requestOf = ({ provider }: Channel, ticket: Stored): HttpClientRequest.HttpClientRequest => {
  const request = toRequest(ticket.call)
  const { idempotency } = provider
  if (idempotency === undefined || request.method !== "POST" || idempotency.header.toLowerCase() in request.headers) {
    return request
  }
  return HttpClientRequest.setHeader(request, idempotency.header, ticket.idempotencyKey)
}

/** Whether sending the call again is as good as once. */
export const isRepeatable = (
  { provider: { idempotency } }: Channel,
  ticket: Pick<Stored, "call" | "firstSentAt">,
  now: number
): boolean => {
  const { firstSentAt } = ticket
  const { headers, method } = ticket.call
  if (repeatableMethods.has(method)) return true
  if (idempotency === undefined) return false
  // A key of the sender's own: how long ago it was used first, only the sender knows.
  if (idempotency.header.toLowerCase() in headers) return true
  return (
    method === "POST" && (firstSentAt === null || now - firstSentAt < Duration.toMillis(duration(idempotency.keptFor)))
  )
}
const repeatableMethods = new Set(["GET", "HEAD", "OPTIONS", "PUT", "DELETE"])
const duration = Duration.fromInputUnsafe

/** The provider's own error, out of what was kept of it. */
export const refusalOf = ({ refusals }: Channel, { error }: Refused): Option.Option<RateLimited> =>
  Option.map(Schema.decodeUnknownOption(Schema.toCodecJson(refusals))(error), (error) => error as RateLimited)
