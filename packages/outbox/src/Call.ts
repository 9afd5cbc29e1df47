/**
 * A request as data: what is kept of it until its turn comes. A key is never kept; the client adds it when it sends.
 *
 * @example
 * ```ts
 * import { Call } from "@sluice/outbox"
 * import { PrayerLetters } from "@sluice/providers/prayerletters"
 * import { HttpClientRequest } from "effect/http"
 *
 * const call = Call.fromRequest(PrayerLetters.provider, HttpClientRequest.post("/v3/contacts/c-1"))
 * ```
 */
import type * as Provider from "@sluice/core/Provider"
import { Effect, Option, Redacted, Result, Schema } from "effect"
import { Base64 } from "effect/encoding"
import { Headers, type HttpBody, HttpClientRequest, UrlParams } from "effect/http"
import { CallError } from "./OutboxError.ts"

/** What of a body is kept; 1 MiB at most. */
const Body = Schema.Union([
  Schema.TaggedStruct("Empty", {}),
  Schema.TaggedStruct("Text", { contentType: Schema.String, text: Schema.String }),
  Schema.TaggedStruct("Bytes", { contentType: Schema.String, base64: Schema.String })
])
type Body = typeof Body.Type

/** A call: where it goes is relative to the provider's address, so that a stored one follows its client. */
export const Call = Schema.Struct({
  method: Schema.String,
  url: Schema.String,
  urlParams: Schema.Array(Schema.Tuple([Schema.String, Schema.String])),
  hash: Schema.optionalKey(Schema.String),
  /** Names in lower case. */
  headers: Schema.Record(Schema.String, Schema.String),
  body: Body
})
export type Call = typeof Call.Type

const maxBodyBytes = 1_048_576

/** The provider that a call is for, as far as it matters here. */
export type Destination = Pick<Provider.Provider<never>, "id" | "baseUrl">

/**
 * What is kept of a request. Fails for what cannot be kept, or must not be: a key in a header or in the address, an
 * address elsewhere, a body that is read only once, or one of more than 1 MiB.
 */
export const fromRequest = (
  provider: Destination,
  request: HttpClientRequest.HttpClientRequest
): Effect.Effect<Call, CallError> =>
  Effect.gen(function* () {
    const url = yield* relativeUrl(provider, request.url)
    yield* withoutSecrets(request)
    const body = yield* bodyOf(request.body)
    return {
      method: request.method,
      url,
      urlParams: request.urlParams.params.map(([name, value]) => [name, String(value)] as const),
      ...(Option.isSome(request.hash) && { hash: request.hash.value }),
      headers: { ...request.headers },
      body
    }
  })

/** The request again, as it was. */
export const toRequest = (call: Call): HttpClientRequest.HttpClientRequest => {
  const request = HttpClientRequest.make("GET")(call.url, {
    urlParams: call.urlParams,
    ...(call.hash !== undefined && { hash: call.hash })
  })
  const { body } = call
  // Setting a body sets its headers: those of the call come last.
  const filled =
    body._tag === "Empty"
      ? request
      : body._tag === "Text"
        ? HttpClientRequest.bodyText(request, body.text, body.contentType)
        : HttpClientRequest.bodyUint8Array(request, bytesOf(body.base64), body.contentType)
  return HttpClientRequest.makeWith(
    call.method,
    filled.url,
    filled.urlParams,
    filled.hash,
    Headers.setAll(filled.headers, call.headers),
    filled.body
  )
}

const relativeUrl = ({ baseUrl, id }: Destination, url: string): Effect.Effect<string, CallError> => {
  if (!/^[a-z][a-z0-9+.-]*:|^\/\//i.test(url)) return Effect.succeed(url)
  const base = baseUrl.replace(/\/+$/, "")
  if (url === base || url.startsWith(`${base}/`) || url.startsWith(`${base}?`)) {
    return Effect.succeed(url.slice(base.length))
  }
  const at = URL.parse(url)
  return Effect.fail(
    new CallError({
      field: "request.url",
      rule: `an address of ${JSON.stringify(id)}, relative or below ${base}`,
      // A user and a password may stand in an address.
      value: at === null ? "an address that is none" : JSON.stringify(`${at.origin}${at.pathname}`),
      remedy: "Leave the address out and send the path alone: the client knows where its provider lives."
    })
  )
}

const secret = (field: string) =>
  new CallError({
    field,
    rule: "nothing that may be a key or a session, as calls are written to a disk",
    value: "<redacted>",
    remedy:
      "Leave it out: the client adds its key when it sends. If this is none, take its name off " +
      "Headers.CurrentRedactedNames (or UrlParams.CurrentRedactedNames)."
  })

/** Which names are secret is what Effect redacts; two more name keys of proxies and of APIs that take them so. */
const withoutSecrets = (request: HttpClientRequest.HttpClientRequest): Effect.Effect<void, CallError> =>
  Effect.gen(function* () {
    const secretHeaders = [...(yield* Headers.CurrentRedactedNames), "proxy-authorization"]
    const secretParams = [...(yield* UrlParams.CurrentRedactedNames), "api_key", "apikey", "access_token"]
    for (const name of Object.keys(request.headers)) {
      if (Headers.isRedactedName(name, secretHeaders)) return yield* secret(`request.headers[${JSON.stringify(name)}]`)
    }
    const inUrl = new URLSearchParams(request.url.split("#")[0]?.split("?").slice(1).join("?") ?? "")
    for (const [name, value] of [...inUrl, ...request.urlParams.params]) {
      if (Redacted.isRedacted(value) || Headers.isRedactedName(name, secretParams)) {
        return yield* secret(`request.urlParams[${JSON.stringify(name)}]`)
      }
    }
  })

const bodyOf = (body: HttpBody.HttpBody): Effect.Effect<Body, CallError> => {
  switch (body._tag) {
    case "Empty":
      return Effect.succeed({ _tag: "Empty" })
    case "Uint8Array": {
      const { contentType } = body
      const text = body.text ?? textOf(body.body)
      const size = body.contentLength
      if (size > maxBodyBytes) {
        return Effect.fail(
          new CallError({
            field: "request.body",
            rule: `at most ${maxBodyBytes} bytes`,
            value: `${size} bytes`,
            remedy: "Keep what is large elsewhere, and store a call that names it."
          })
        )
      }
      return Effect.succeed(
        text === undefined
          ? { _tag: "Bytes", contentType, base64: Base64.encode(body.body) }
          : { _tag: "Text", contentType, text }
      )
    }
    default:
      return Effect.fail(
        new CallError({
          field: "request.body",
          rule: "bytes, text, JSON or form parameters",
          value: `a body of kind ${body._tag}`,
          remedy: "Read it to its end first: it has to be on the disk before it is sent."
        })
      )
  }
}

/** The bytes as text, if they are nothing else. */
const textOf = (bytes: Uint8Array): string | undefined => {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes)
  } catch {
    return undefined
  }
}

const bytesOf = (base64: string): Uint8Array => Result.getOrThrow(Base64.decode(base64))
