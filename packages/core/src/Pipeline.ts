/**
 * The flow of one request: classify, admit, send, settle, decode, learn, and perhaps again.
 *
 * Nothing goes round the gate: a retry is admitted anew.
 */
import { Clock, Context, type Duration, Effect, Option, type Schedule } from "effect"
import {
  FetchHttpClient,
  HttpClient,
  type HttpClientError,
  type HttpClientRequest,
  type HttpClientResponse
} from "effect/http"
import type { Permit } from "./Admission.ts"
import { AdmissionError } from "./AdmissionError.ts"
import * as Claim from "./Claim.ts"
import * as Outcome from "./Outcome.ts"
import * as Authorized from "./pipeline/Authorized.ts"
import * as Body from "./pipeline/Body.ts"
import * as Bounded from "./pipeline/Bounded.ts"
import { traced } from "./pipeline/Traced.ts"
import { quotasOf } from "./pipeline/quotasOf.ts"
import type { Attempt, Provider, Quotas, Wire } from "./Provider.ts"
import type * as Quota from "./Quota.ts"
import { isRateLimited, type RateLimited } from "./RateLimited.ts"
import { Deadline, Priority, RateLimiter, within } from "./RateLimiter.ts"
import * as RetrySchedule from "./RetrySchedule.ts"

export { type Configured, layerConfig } from "./pipeline/Configured.ts"

/** An `HttpClient` whose errors tell a provider's refusals and our own from everything else. */
export type Client<E> = HttpClient.HttpClient.With<Failure | E>
type Failure = HttpClientError.HttpClientError | AdmissionError
type Response = HttpClientResponse.HttpClientResponse

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
    const own = (yield* RetrySchedule.Default) ?? provider.retrySchedule ?? RetrySchedule.serverDirected()
    const base = yield* HttpClient.HttpClient
    const around = provider.around ? yield* provider.around : (attempt: Attempt<E>) => attempt
    const { authorize, place } = yield* Authorized.make(provider, options)
    const { caps, quotas } = quotasOf(provider.quotas, options)
    const refused = refusalOf<E>(provider.id)

    const claimed = (request: HttpClientRequest.HttpClientRequest, partition: string) => {
      const draws = provider.classify(request, quotas)
      const needs = caps.length === 0 ? draws : [...draws, ...caps]
      return Claim.make({ needs, partition, origin: provider.id })
    }

    // The finalizer stands before anything is asked for, and ends what no response has ended.
    const attempt = ({ partition, request }: Authorized.Placed): Attempt<E> => {
      let sends = 0
      return Effect.withFiber((fiber) => {
        const claim = claimed(request, partition)
        const permit = limiter.permit(claim)
        let isSent = false
        const settled = (wire: Wire, response: Response): Attempt<E> => {
          const { refusal, signal } = provider.decode(wire)
          const bodyFollows = refusal === undefined && holdsBody(claim) && Body.isExpected(request, response)
          limiter.settle(permit, refusal ? "refused" : "answered", { signal, refusal, bodyFollows })
          if (refusal) return Effect.fail(refusal)
          return Effect.succeed(
            bodyFollows ? Body.releasing(response, (end) => limiter.release(permit, end)) : response
          )
        }
        const send = (authorized: HttpClientRequest.HttpClientRequest): Attempt<E> => {
          isSent = true
          const response = Effect.updateContext(base.execute(authorized), unfollowing)
          const answer = Effect.flatMap(response, (response) =>
            Body.read(provider, authorized, response, fiber.getRef(Clock.Clock), settled)
          )
          return traced(fiber, permit, sends++, answer)
        }
        const sent = authorize(request, (authorized) => {
          const before = fiber.getRef(BeforeSend)
          return before === undefined ? send(authorized) : Effect.flatMap(before, () => send(authorized))
        })
        const admitted = Effect.withFiber((fiber) => {
          const next = limiter.admit(permit, fiber, sent)
          return next === sent ? sent : Effect.mapError(next, refused)
        })
        return Effect.onExitPrimitive(admitted, (exit) => {
          if (isOpen(permit)) limiter.settle(permit, isSent ? Outcome.fromExit(exit) : "unsent")
        })
      })
    }

    const execute = (request: HttpClientRequest.HttpClientRequest): Attempt<E> =>
      place(request, (placed) => {
        const flow = around(attempt(placed), placed.request)
        return withDefaults(options, retrying(provider, placed.request, options.retry, own, flow))
      })

    const client = HttpClient.makeWith<E | Failure, never, E | Failure, never>(
      (prepared) => Effect.flatMap(prepared, execute),
      Effect.succeed
    )
    claimants.set(client, (request) =>
      place(request, ({ partition, request }) => Effect.sync(() => claimed(request, partition)))
    )
    return client
  })

/**
 * Runs once a call was admitted, before anything of it is sent; unset by default. What it dies of, or an interruption,
 * ends the call unsent: its slots are free again at once. For who has to write down that a call may be under way.
 */
export const BeforeSend = Context.Reference<Effect.Effect<void> | undefined>("@sluice/core/Pipeline/BeforeSend", {
  defaultValue: () => undefined
})

/**
 * What a request would need at a client that `make` made, for `RateLimiter.estimate`; none if the client is another one,
 * or was mapped since.
 */
export const claimOf = (
  client: object,
  request: HttpClientRequest.HttpClientRequest
): Effect.Effect<Option.Option<Claim.Claim>, HttpClientError.HttpClientError> => {
  const claimant = claimants.get(client)
  return claimant === undefined ? Effect.succeedNone : Effect.map(claimant(request), Option.some)
}
const claimants = new WeakMap<
  object,
  (request: HttpClientRequest.HttpClientRequest) => Effect.Effect<Claim.Claim, HttpClientError.HttpClientError>
>()

const isOpen = ({ state }: Permit) => state === "held" || state === "waiting"

const holdsBody = (claim: Claim.Claim) => claim.needs.some((need) => need.quota.kind === "concurrency")

/** Redirects are not followed silently: each would be counted, and only one is admitted. */
const unfollowing = (context: Context.Context<never>): Context.Context<never> => {
  const init = Context.getOrUndefined(context, FetchHttpClient.RequestInit)
  return Context.add(context, FetchHttpClient.RequestInit, init ? { ...init, ...manually } : manually)
}
const manually = { redirect: "manual" } as const

const retrying = <E extends RateLimited, Q extends Quotas>(
  provider: Provider<E, Q>,
  request: HttpClientRequest.HttpClientRequest,
  chosen: Options["retry"],
  own: Schedule.Schedule<unknown, unknown>,
  flow: Attempt<E>
): Attempt<E> => {
  if (chosen === "none" || request.body._tag === "Stream") return flow
  const isRepeatable = (error: Failure | E) =>
    isRateLimited(error) ? provider.repeatsRefused(request) : error._tag === "HttpClientError" && isIdempotent(request)
  return Effect.withFiber((fiber) => {
    const schedule = chosen ?? fiber.getRef(RetrySchedule.Default) ?? own
    return Bounded.retry(flow, fiber, { schedule, while: isRepeatable })
  })
}

const isIdempotent = (request: HttpClientRequest.HttpClientRequest) =>
  idempotentMethods.has(request.method) || "idempotency-key" in request.headers
const idempotentMethods = new Set(["GET", "HEAD", "OPTIONS", "PUT", "DELETE"])

/** A quota that a refusal closed for long is told by that very refusal. */
const refusalOf =
  <E extends RateLimited>(id: string) =>
  (error: Failure | E): Failure | E => {
    if (!(error instanceof AdmissionError) || error.reason._tag !== "Closed") return error
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
