/** The newest threads of Productlane, each with the person whom Attio knows by its address. */
import { Quota } from "@sluice/core"
import type { AdmissionError } from "@sluice/core/AdmissionError"
import { Attio } from "@sluice/providers/attio"
import { Productlane } from "@sluice/providers/productlane"
import { type Cause, Context, Effect, Layer, Schema } from "effect"
import { HttpBody, HttpClient, type HttpClientError, HttpClientResponse } from "effect/http"
import { CircuitBreaker } from "effect/persistence"

const Threads = Schema.Struct({
  data: Schema.Array(
    Schema.Struct({
      id: Schema.String,
      title: Schema.NullOr(Schema.String),
      contact: Schema.Struct({ email: Schema.String })
    })
  )
})

const People = Schema.Struct({
  data: Schema.Array(
    Schema.Struct({
      values: Schema.Struct({ name: Schema.NonEmptyArray(Schema.Struct({ full_name: Schema.String })) })
    })
  )
})

export interface Message {
  readonly id: string
  readonly title: string | null
  readonly email: string
  /** None if nobody is known by that address, or if Attio could not be asked. */
  readonly person: string | null
}

/** Whatever keeps us from the threads themselves. */
export type Failure =
  | Productlane.RateLimited
  | AdmissionError
  | CircuitBreaker.CircuitBreakerError
  | Cause.TimeoutError
  | HttpClientError.HttpClientError
  | Schema.SchemaError

// #region guard
/** How the clients are made: somebody waits, so that no call waits long for its turn, and none waits out a refusal. */
export const productlaneOptions = { deadline: "1 second", retry: "none" } as const

/** How much may be queried is not published by Attio: this is what we allow ourselves. */
export const attioOptions = { ...productlaneOptions, quotas: { queries: Quota.rolling(100, "10 seconds") } }

/** Takes no answer in two seconds for a failure; after three failures in a row the provider is left alone for two seconds. */
const makeGuard = Effect.map(
  CircuitBreaker.make({ tripPolicy: CircuitBreaker.consecutive(3), openDuration: "2 seconds" }),
  (breaker) =>
    (key: string) =>
    <E>(client: HttpClient.HttpClient.With<E>) =>
      client.pipe(
        HttpClient.filterStatusOk,
        HttpClient.transform((call) => Effect.timeout(call, "2 seconds")),
        HttpClient.withCircuitBreaker({ breaker, key })
      )
)
// #endregion

// #region inbox
export class Inbox extends Context.Service<
  Inbox,
  {
    /** Fails if Productlane does; without Attio, names are missing and `isDegraded` says so. */
    readonly newest: (
      count: number
    ) => Effect.Effect<{ readonly messages: ReadonlyArray<Message>; readonly isDegraded: boolean }, Failure>
  }
>()("two-providers/Inbox") {
  static readonly layer = Layer.effect(
    this,
    Effect.gen(function* () {
      const guard = yield* makeGuard
      const productlane = guard("productlane")(yield* Productlane.Client)
      const attio = guard("attio")(yield* Attio.Client)

      const threads = (limit: number) =>
        Effect.flatMap(
          productlane.get("/threads", { urlParams: { limit } }),
          HttpClientResponse.schemaBodyJson(Threads)
        )

      const nameOf = (email: string) =>
        attio
          .post("/v2/objects/people/records/query", {
            body: HttpBody.jsonUnsafe({ filter: { email_addresses: email }, limit: 1 })
          })
          .pipe(
            Effect.flatMap(HttpClientResponse.schemaBodyJson(People)),
            Effect.map(({ data }) => ({ name: data[0]?.values.name[0].full_name ?? null, isDegraded: false })),
            Effect.tapError((error) => Effect.logDebug("Attio could not be asked", error)),
            Effect.orElseSucceed(() => ({ name: null, isDegraded: true }))
          )

      return {
        newest: Effect.fn("Inbox.newest")(function* (count) {
          const { data } = yield* threads(count)
          const people = yield* Effect.forEach(data, ({ contact }) => nameOf(contact.email), {
            concurrency: "unbounded"
          })
          return {
            messages: data.map(({ contact, id, title }, i) => ({
              id,
              title,
              email: contact.email,
              person: people[i]?.name ?? null
            })),
            isDegraded: people.some(({ isDegraded }) => isDegraded)
          }
        })
      }
    })
  ).pipe(Layer.provide(CircuitBreaker.layerStoreMemory()))
}
// #endregion
