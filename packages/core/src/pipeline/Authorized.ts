/** Completes a request: where it goes and on whose quotas, and with which key, once it may go. */
import { Cache, Effect, Redacted } from "effect"
import { HttpClientError, HttpClientRequest } from "effect/http"
import type { Provider, Quotas } from "../Provider.ts"
import type { RateLimited } from "../RateLimited.ts"

/** A key, or how to get the one that is valid now; where the latter fails, so does the call. */
export type Key = Redacted.Redacted | Effect.Effect<Redacted.Redacted, HttpClientError.HttpClientError>

/** A request that has an address and a partition, and no key yet: it may wait for longer than a key lives. */
export interface Placed {
  readonly request: HttpClientRequest.HttpClientRequest
  readonly partition: string
}

type Request = HttpClientRequest.HttpClientRequest
type Completed<A, E> = Effect.Effect<A, E | HttpClientError.HttpClientError>

/** Keys rotate; the names of so many are remembered. */
const rememberedKeys = 256

/** A key goes only where its provider lives: an address elsewhere fails before anything is sent. */
export const make = <E extends RateLimited, Q extends Quotas>(
  provider: Provider<E, Q>,
  options: { readonly apiKey: Key; readonly partition?: string | undefined; readonly baseUrl?: string | undefined }
) =>
  Effect.gen(function* () {
    const { apiKey } = options
    const baseUrl = (options.baseUrl ?? provider.baseUrl).replace(/\/+$/, "")
    const partition = yield* partitionOf(options)
    const withKey = (request: Request, key: Redacted.Redacted) =>
      HttpClientRequest.setHeader(request, "authorization", `${provider.authorization} ${Redacted.value(key)}`)
    const { prepare } = provider
    return {
      /** Goes on at once where nothing has to be asked for. */
      place: <A, E>(request: Request, next: (placed: Placed) => Effect.Effect<A, E>): Completed<A, E> => {
        const addressed = placed(request, baseUrl)
        if (addressed instanceof HttpClientError.HttpClientError) return Effect.fail(addressed)
        const named = (request: Request) =>
          typeof partition === "string"
            ? next({ request, partition })
            : Effect.flatMap(partition, (partition) => next({ request, partition }))
        return prepare ? Effect.flatMap(prepare(addressed), named) : named(addressed)
      },
      authorize: <A, E>(request: Request, next: (authorized: Request) => Effect.Effect<A, E>): Completed<A, E> =>
        Redacted.isRedacted(apiKey)
          ? Effect.suspend(() => next(withKey(request, apiKey)))
          : Effect.flatMap(apiKey, (key) => next(withKey(request, key)))
    }
  })

/** A hash takes a turn of the event loop: that of a key which never changes is made before the first call. */
const partitionOf = (options: { readonly apiKey: Key; readonly partition?: string | undefined }) =>
  Effect.gen(function* () {
    const { apiKey, partition } = options
    if (partition !== undefined) return partition
    if (Redacted.isRedacted(apiKey)) return yield* fingerprint(Redacted.value(apiKey))
    const names = yield* Cache.make({ capacity: rememberedKeys, lookup: fingerprint })
    return Effect.flatMap(apiKey, (key) => Cache.get(names, Redacted.value(key)))
  })

const placed = (request: Request, baseUrl: string): Request | HttpClientError.HttpClientError => {
  if (!/^[a-z][a-z0-9+.-]*:|^\/\//i.test(request.url)) return HttpClientRequest.prependUrl(request, baseUrl)
  const url = URL.parse(request.url)
  const home = URL.parse(baseUrl)
  const isAtHome =
    url !== null &&
    url.origin === home?.origin &&
    `${url.pathname}/`.startsWith(`${home.pathname.replace(/\/+$/, "")}/`)
  if (isAtHome) return request
  return new HttpClientError.HttpClientError({
    reason: new HttpClientError.InvalidUrlError({
      request,
      description: `the address lies outside ${baseUrl}, where this client's key belongs`
    })
  })
}

/** A name for a key that tells nothing of it. */
const fingerprint = (key: string): Effect.Effect<string> =>
  Effect.map(
    Effect.promise(() => crypto.subtle.digest("SHA-256", new TextEncoder().encode(key))),
    (digest) => Array.from(new Uint8Array(digest, 0, 8), (byte) => byte.toString(16).padStart(2, "0")).join("")
  )
