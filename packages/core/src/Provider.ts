/**
 * A provider as a value: what it promises, which quotas a request draws on, and how its answers are read.
 *
 * `classify` and `decode` are pure. `decode` is total as well: whatever a server sends, it returns.
 */
import type { Duration, Effect, Schedule } from "effect"
import type { HttpClientError, HttpClientRequest, HttpClientResponse } from "effect/http"
import type { AdmissionError } from "./AdmissionError.ts"
import type { Draw } from "./Claim.ts"
import type { Quota, Source } from "./Quota.ts"
import type { RateLimited } from "./RateLimited.ts"
import type { Signal } from "./Signal.ts"

/** A response reduced to what is read of it: header names in lower case, at most 64 KiB of the body. */
export interface Wire {
  readonly request: {
    readonly method: string
    readonly path: string
    /** Names in lower case; the key is among them. */
    readonly headers?: Readonly<Record<string, string | undefined>>
  }
  readonly status: number
  readonly headers: Readonly<Record<string, string | undefined>>
  readonly body: string
  /** When the response came, in epoch milliseconds by our own clock. */
  readonly receivedAtMillis: number
}

/** What a response says: always a signal, and the provider's own error if it refused. */
export interface Decoded<E> {
  readonly signal: Signal
  readonly refusal?: E
}

/** One turn of the flow, from admission to learning; a retry is another. */
export type Attempt<E> = Effect.Effect<
  HttpClientResponse.HttpClientResponse,
  HttpClientError.HttpClientError | AdmissionError | E
>

/** The quotas of a provider by name. */
export type Quotas = Readonly<Record<string, Quota>>

export interface Provider<E extends RateLimited, Q extends Quotas = Quotas> {
  /** Lower case, one word: part of metric, span and event names. */
  readonly id: string
  readonly docs: Source
  /** Requests with a relative url go here. */
  readonly baseUrl: string
  /** The `Authorization` scheme in front of the key: `Bearer`, `Key`. */
  readonly authorization: string
  readonly quotas: Q
  /** Which of the quotas a request draws on. The partition is added by the client. */
  readonly classify: (request: HttpClientRequest.HttpClientRequest, quotas: Q) => ReadonlyArray<Draw>
  readonly decode: (wire: Wire) => Decoded<E>
  /** Which bodies `decode` wants to see: those of statuses from 400 on, or every JSON body. */
  readonly reads: "errors" | "json"
  /** What is done about its refusals where nobody says otherwise; by default `RetrySchedule.serverDirected()`. */
  readonly retrySchedule?: Schedule.Schedule<unknown, unknown>
  /** Whether the request may be sent again after a refusal; true where the provider says that it processed nothing. */
  readonly repeatsRefused: (request: HttpClientRequest.HttpClientRequest) => boolean
  /** The header whose value makes a repeated POST one with the first, and for how long its server remembers it. */
  readonly idempotency?: { readonly header: string; readonly keptFor: Duration.Input }
  /** Completes a request once, before its first attempt: an idempotency key that stays the same over its retries. */
  readonly prepare?: (
    request: HttpClientRequest.HttpClientRequest
  ) => Effect.Effect<HttpClientRequest.HttpClientRequest>
  /** Made once for each client: surrounds every attempt, for what only a sequence of refusals can tell. */
  readonly around?: Effect.Effect<(attempt: Attempt<E>, request: HttpClientRequest.HttpClientRequest) => Attempt<E>>
}
