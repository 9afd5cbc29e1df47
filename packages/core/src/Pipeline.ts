/**
 * The flow of one request: classify, admit, send, settle, decode, learn, and perhaps again.
 *
 * Nothing goes round the gate: a retry is admitted anew.
 */
import { type Duration, Effect, Exit, Option, type Schedule } from "effect"
import { FetchHttpClient, HttpClient, type HttpClientError, type HttpClientRequest } from "effect/http"
import type { AdmissionError } from "./AdmissionError.ts"
import * as Claim from "./Claim.ts"
import * as Outcome from "./Outcome.ts"
import * as Authorized from "./pipeline/Authorized.ts"
import * as Body from "./pipeline/Body.ts"
import * as Bounded from "./pipeline/Bounded.ts"
import { quotasOf } from "./pipeline/quotasOf.ts"
import type { Attempt, Decoded, Provider, Quotas } from "./Provider.ts"
import type * as Quota from "./Quota.ts"
import { isRateLimited, type RateLimited } from "./RateLimited.ts"
import { Deadline, Priority, RateLimiter, within } from "./RateLimiter.ts"
import * as RetrySchedule from "./RetrySchedule.ts"
import * as Signal from "./Signal.ts"

export { type Configured, layerConfig } from "./pipeline/Configured.ts"

/** An `HttpClient` whose errors tell a provider's refusals and our own from everything else. */
export type Client<E> = HttpClient.HttpClient.With<Failure | E>
type Failure = HttpClientError.HttpClientError | AdmissionError

export interface Options<Q extends Quotas = Quotas> {
  /** The key, or how to get the one that is valid now: asked for at each attempt, when its turn has come. */
  readonly apiKey: Authorized.Key
  /** Whose quotas they are, by a name that may be printed; by default a hash of the key. */
  readonly partition?: string | undefined
  readonly baseUrl?: string | undefined
  /** Other quotas under the provider's names; under any other name, caps on every request. */
  readonly quotas?: (Partial<Q> & Readonly<Record<string, Quota.Quota>>) | undefined
  /** What is done about refusals, inside the client; an outer retry multiplies it. By default what the provider says, bounded. */
  readonly retry?: Schedule.Schedule<unknown, unknown> | "none" | undefined
  /** How long calls may wait that do not say so themselves. */
  readonly deadline?: Duration.Input | undefined
  readonly priority?: number | undefined
  /** Whether limits that the provider tells may also loosen what is configured; default `"tighten"`. */
  readonly adopt?: "tighten" | "follow" | undefined
  /** When little is left, slow down if others use the key (default), or always, as some pages advise. */
  readonly slowBelow?: "others" | "always" | undefined
}

/** A provider's client. Throws `QuotaError` for quotas that cannot be. */
export const make = <E extends RateLimited, Q extends Quotas>(
  provider: Provider<E, Q>,
  options: Options<Q>
): Effect.Effect<Client<E>, never, HttpClient.HttpClient | RateLimiter> =>
  Effect.gen(function* () {
    const limiter = yield* RateLimiter
    const own = (yield* RetrySchedule.Default) ?? provider.retrySchedule
    const retry = options.retry ?? RetrySchedule.current(own)
    const base = yield* HttpClient.HttpClient
    const around = provider.around ? yield* provider.around : (attempt: Attempt<E>) => attempt
    const { authorize, place } = yield* Authorized.make(provider, options)
    const { caps, quotas } = quotasOf(provider.quotas, options)

    const attempt = ({ partition, request }: Authorized.Placed): Attempt<E> =>
      Effect.uninterruptibleMask((restore) =>
        Effect.gen(function* () {
          const needs = [...provider.classify(request, quotas), ...caps]
          const claim = Claim.make({ needs, partition, origin: provider.id })
          const permit = yield* Effect.mapError(limiter.acquire(claim, restore), refusalOf<E>(provider.id))
          const authorized = yield* Effect.exit(restore(authorize(request)))
          if (Exit.isFailure(authorized)) {
            limiter.settle(permit, "unsent", { signal: Signal.none })
            return yield* Effect.failCause(authorized.cause)
          }
          let decoded: Decoded<E> = { signal: Signal.none }
          const sent = Effect.flatMap(send(base, authorized.value), (response) =>
            Body.read(provider, authorized.value, response)
          )
          const exit = yield* Effect.exit(restore(sent))
          if (Exit.isSuccess(exit)) decoded = exit.value.decoded
          const { refusal, signal } = decoded
          const bodyFollows = holdsBody(claim) && Exit.isSuccess(exit) && Body.isExpected(request, exit.value.response)
          limiter.settle(permit, refusal ? "refused" : Outcome.fromExit(exit), { signal, refusal, bodyFollows })
          if (Exit.isFailure(exit)) return yield* Effect.failCause(exit.cause)
          if (refusal) {
            limiter.release(permit, "read")
            return yield* Effect.fail(refusal)
          }
          return bodyFollows
            ? Body.releasing(exit.value.response, (end) => limiter.release(permit, end))
            : exit.value.response
        })
      )

    const execute = (request: HttpClientRequest.HttpClientRequest): Attempt<E> =>
      Effect.flatMap(place(request), (placed) =>
        withDefaults(options, retrying(provider, placed.request, retry, around(attempt(placed), placed.request)))
      )

    return HttpClient.makeWith<E | Failure, never, E | Failure, never>(
      (prepared) => Effect.flatMap(prepared, execute),
      Effect.succeed
    )
  })

const holdsBody = (claim: Claim.Claim) => claim.needs.some((need) => need.quota.kind === "concurrency")

/** Redirects are not followed silently: each would be counted, and only one is admitted. */
const send = (base: HttpClient.HttpClient, request: HttpClientRequest.HttpClientRequest) =>
  Effect.flatMap(Effect.serviceOption(FetchHttpClient.RequestInit), (init) =>
    Effect.provideService(base.execute(request), FetchHttpClient.RequestInit, {
      ...Option.getOrUndefined(init),
      redirect: "manual"
    })
  )

const retrying = <E extends RateLimited, Q extends Quotas>(
  provider: Provider<E, Q>,
  request: HttpClientRequest.HttpClientRequest,
  retry: NonNullable<Options["retry"]>,
  flow: Attempt<E>
): Attempt<E> => {
  if (retry === "none" || request.body._tag === "Stream") return flow
  const repeatsRefused = provider.repeatsRefused(request)
  return Bounded.retry(flow, {
    schedule: retry,
    while: (error) =>
      isRateLimited(error) ? repeatsRefused : error._tag === "HttpClientError" && isIdempotent(request)
  })
}

const isIdempotent = (request: HttpClientRequest.HttpClientRequest) =>
  idempotentMethods.has(request.method) || "idempotency-key" in request.headers
const idempotentMethods = new Set(["GET", "HEAD", "OPTIONS", "PUT", "DELETE"])

/** A quota that a refusal closed for long is told by that very refusal. */
const refusalOf =
  <E extends RateLimited>(id: string) =>
  (error: AdmissionError): AdmissionError | E => {
    if (error.reason._tag !== "Closed") return error
    const refusal = Option.getOrUndefined(error.reason.refusal)
    return isRateLimited(refusal) && refusal.provider === id ? (refusal as E) : error
  }

const withDefaults = <A, E, R>(
  options: Pick<Options, "deadline" | "priority">,
  effect: Effect.Effect<A, E, R>
): Effect.Effect<A, E, R> => {
  const { deadline, priority } = options
  if (deadline === undefined && priority === undefined) return effect
  return Effect.withFiber((fiber) => {
    const own = fiber.getRef(Deadline)
    const prioritized =
      priority !== undefined && fiber.getRef(Priority) === 0
        ? Effect.provideService(effect, Priority, priority)
        : effect
    return deadline !== undefined && own === undefined ? within(deadline)(prioritized) : prioritized
  })
}
