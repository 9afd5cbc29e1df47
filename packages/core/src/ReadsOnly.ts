/**
 * A guard for programs that are to look and not to touch: what is no read dies before it is sent.
 *
 * @example
 * ```ts
 * import { NodeHttpClient } from "@effect/platform-node"
 * import * as ReadsOnly from "@sluice/core/ReadsOnly"
 * import { Layer } from "effect"
 *
 * const LookingClient = ReadsOnly.layer.pipe(Layer.provide(NodeHttpClient.layerUndici))
 * ```
 */
import { Effect, Layer } from "effect"
import { HttpClient, type HttpClientRequest } from "effect/http"

/** A request that is no read was about to be sent: a mistake in the program, and so a defect. */
export class NoRead extends Error {
  override readonly name = "NoRead"
  readonly request: HttpClientRequest.HttpClientRequest

  constructor(request: HttpClientRequest.HttpClientRequest) {
    super(`${request.method} ${request.url} is no read, and only reads may be sent.`)
    this.request = request
  }
}

/** Whether the method alone makes it a read: GET, HEAD, OPTIONS, TRACE and QUERY. */
export const isSafe = ({ method }: HttpClientRequest.HttpClientRequest): boolean => safe.has(method)
const safe = new Set(["GET", "HEAD", "OPTIONS", "TRACE", "QUERY"])

/** The same client, which dies with `NoRead` at a request that `isRead` does not let through, for APIs with reads that are posted. */
export const layerWith = (options: {
  readonly isRead: (request: HttpClientRequest.HttpClientRequest) => boolean
}): Layer.Layer<HttpClient.HttpClient, never, HttpClient.HttpClient> =>
  Layer.effect(
    HttpClient.HttpClient,
    Effect.map(
      HttpClient.HttpClient,
      HttpClient.mapRequestEffect((request) =>
        options.isRead(request) ? Effect.succeed(request) : Effect.die(new NoRead(request))
      )
    )
  )

/** The same client, which dies with `NoRead` at every request that is not safe by its method. */
export const layer: Layer.Layer<HttpClient.HttpClient, never, HttpClient.HttpClient> = layerWith({ isRead: isSafe })
