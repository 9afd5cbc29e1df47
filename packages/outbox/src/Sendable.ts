/** What an outbox needs of a provider, as the provider's entry exports it. */
import type * as Pipeline from "@sluice/core/Pipeline"
import type { Provider } from "@sluice/core/Provider"
import type { Context, DateTime, Effect, Option, Schema } from "effect"
import type { HttpClientRequest } from "effect/http"

/** A provider of whatever errors and quotas: which they are does not matter here. */
// oxlint-disable-next-line no-explicit-any
export type AnyProvider = Provider<any, any>

/** A call that was sent and has no answer. */
export interface Doubt {
  /** The ticket's. */
  readonly id: string
  readonly request: HttpClientRequest.HttpClientRequest
  /** When it was sent last. */
  readonly sentAt: DateTime.Utc
}

/**
 * Asks the provider, by a client that adds the key and keeps to the limits, whether a call has arrived: gives its answer, as
 * far as that can be told, or none if it has not. A failure is no answer, and the question is put again later.
 */
export type Arrived = (
  doubt: Doubt,
  // oxlint-disable-next-line no-explicit-any
  client: Pipeline.Client<any>
) => Effect.Effect<Option.Option<{ readonly status: number; readonly body?: string }>, unknown>

/** What a provider's entry exports, and an outbox needs of it: `Outbox.layer([PrayerLetters])`. */
export interface Sendable {
  readonly provider: AnyProvider
  // oxlint-disable-next-line no-explicit-any
  readonly Client: Context.Key<any, Pipeline.Client<any>>
  // oxlint-disable-next-line no-explicit-any
  readonly RateLimited: Schema.Codec<any, any>
  /**
   * Finds out whether a call in doubt has arrived, before it would be sent again or held:
   * `Outbox.layer([{ ...PrayerLetters, arrived }])`. Asked only of calls that are neither idempotent nor have a key that their
   * provider takes.
   */
  readonly arrived?: Arrived
}
