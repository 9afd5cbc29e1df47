import { assert, describe, it } from "@effect/vitest"
import { Call } from "@sluice/outbox"
import { Effect, Redacted, Schema, Stream } from "effect"
import { Headers, HttpBody, HttpClientRequest } from "effect/http"
import * as Acme from "./support/Acme.ts"

const stored = (request: HttpClientRequest.HttpClientRequest) => Call.fromRequest(Acme.provider, request)
const post = HttpClientRequest.post("/things/1")
const codec = Schema.fromJsonString(Schema.toCodecJson(Call.Call))

describe("fromRequest", () => {
  it.effect.prop(
    "gives the same request back, through JSON",
    {
      segment: Schema.String,
      name: Schema.NonEmptyString,
      value: Schema.String,
      body: Schema.Union([Schema.String, Schema.Uint8Array])
    },
    ({ body, name, segment, value }) =>
      Effect.gen(function* () {
        const request = HttpClientRequest.post(`/things/${encodeURIComponent(segment.toWellFormed())}`, {
          urlParams: [
            [`q-${name}`, value],
            [`q-${name}`, "again"]
          ],
          headers: { "X-Trace": "abc", Accept: "application/json" },
          body: typeof body === "string" ? HttpBody.text(body, "text/plain") : HttpBody.uint8Array(body, "x/bytes")
        })
        const call = yield* stored(request)
        const again = Call.toRequest(yield* Schema.decodeEffect(codec)(yield* Schema.encodeEffect(codec)(call)))
        assert.deepStrictEqual(again.toJSON(), request.toJSON())
        assert.deepStrictEqual(bytesOf(again), bytesOf(request))
        assert.deepStrictEqual({ ...again.headers }, { ...request.headers })
      })
  )

  it.effect("keeps an address of the provider's relative, so that it follows its client", () =>
    Effect.gen(function* () {
      const call = yield* stored(HttpClientRequest.put("https://acme.test/things/1?a=b"))
      assert.strictEqual(call.url, "/things/1?a=b")
    })
  )

  it.effect("keeps a body without a content length that would be wrong later", () =>
    Effect.gen(function* () {
      const call = yield* stored(HttpClientRequest.bodyJsonUnsafe(post, { name: "Ada" }))
      assert.deepStrictEqual(call.body, { _tag: "Text", contentType: "application/json", text: '{"name":"Ada"}' })
    })
  )

  const secret = "hunter2"
  it.effect.each([
    ['request.headers["authorization"]', HttpClientRequest.bearerToken(post, secret)],
    ['request.headers["cookie"]', HttpClientRequest.setHeader(post, "Cookie", secret)],
    ['request.headers["proxy-authorization"]', HttpClientRequest.setHeader(post, "Proxy-Authorization", secret)],
    ['request.urlParams["api_key"]', HttpClientRequest.setUrlParam(post, "api_key", secret)],
    ['request.urlParams["access_token"]', HttpClientRequest.post(`/things/1?access_token=${secret}`)],
    ['request.urlParams["any"]', HttpClientRequest.setUrlParams(post, [["any", Redacted.make(secret)]])],
    ["request.url", HttpClientRequest.post(`https://me:${secret}@elsewhere.test/x`)],
    ["request.url", HttpClientRequest.post("//elsewhere.test/x")],
    ["request.url", HttpClientRequest.post("https://acme.tests/x")],
    ["request.body", HttpClientRequest.bodyStream(post, Stream.make(new Uint8Array(1)))],
    ["request.body", HttpClientRequest.bodyFormData(post, new FormData())],
    ["request.body", HttpClientRequest.bodyText(post, "x".repeat(1_048_577))]
  ] as const)("refuses %s, and shows no secret", ([field, request]) =>
    Effect.gen(function* () {
      const error = yield* Effect.flip(stored(request))
      assert.deepInclude(error, { _tag: "CallError", field })
      assert.notInclude(JSON.stringify(error) + error.message, secret)
      for (const part of [error.rule, error.value, error.remedy]) assert.include(error.message, part)
    })
  )

  it.effect("takes for a secret what Effect redacts", () =>
    Effect.gen(function* () {
      const request = HttpClientRequest.setHeader(post, "X-Tenant-Secret", "s")
      yield* stored(request)
      const error = yield* Effect.flip(
        stored(request).pipe(Effect.provideService(Headers.CurrentRedactedNames, [/secret/i]))
      )
      assert.strictEqual(error.field, 'request.headers["x-tenant-secret"]')
    })
  )
})

const bytesOf = ({ body }: HttpClientRequest.HttpClientRequest) => (body._tag === "Uint8Array" ? [...body.body] : [])
