import { assert, describe, it } from "@effect/vitest"
import { Dashboard } from "@sluice/dashboard"
import { History, Limits } from "@sluice/page/Limits"
import { Attio } from "@sluice/providers/attio"
import { Effect, Layer, Redacted, Schema } from "effect"
import { HttpClient, HttpClientRequest, HttpClientResponse } from "effect/http"
import * as Ask from "../../page/test/support/Ask.ts"
import * as Board from "./support/Board.ts"
import { call, refused } from "./support/Traffic.ts"

const ask = (path: string, headers: Ask.Headers = {}) =>
  Effect.flatMap(Board.origin, (origin) => Ask.ask(origin, path, { headers }))

const json = <S extends Schema.ConstraintDecoder<unknown>>(schema: S, path: string) =>
  Effect.flatMap(ask(path), ({ text }) => Schema.decodeUnknownEffect(Schema.fromJsonString(schema))(text))

/** What the stream says, until it has said some text. */
const listen = (until: string) =>
  Effect.gen(function* () {
    const origin = yield* Board.origin
    const response = yield* Effect.promise(() => fetch(`${origin}/limits/changes`))
    const reader = response.body?.pipeThrough(new TextDecoderStream()).getReader() ?? assert.fail("no body")
    let text = ""
    while (!text.includes(until)) text += (yield* Effect.promise(() => reader.read())).value ?? assert.fail(text)
    yield* Effect.promise(() => reader.cancel())
    return { text, type: response.headers.get("content-type") }
  })

describe("Dashboard.routes", () => {
  it.live("tells how the limits stand, and the last seconds of one", () =>
    Effect.gen(function* () {
      yield* Effect.forEach([1, 2, 3], () => call())
      yield* Effect.ignore(refused(60_000))
      yield* Effect.sleep("1300 millis")
      const { happenings, quotas, scope } = yield* json(Limits, "/limits/state")
      assert.strictEqual(scope, "process")
      assert.deepInclude(quotas["acme|p|writes|"], {
        provider: "acme",
        partition: "p",
        published: 5,
        windowMillis: 60_000,
        cooling: 4,
        refusals: 1,
        closedBy: "Acme is tired"
      })
      assert.deepStrictEqual(
        happenings.map(({ kind, provider, quotas }) => [kind, provider, quotas]),
        [
          ["refused", "acme", ["writes"]],
          ["paused", "acme", ["writes"]]
        ]
      )
      const history = yield* json(History, `/limits/history?quota=${encodeURIComponent("acme|p|writes|")}`)
      assert.isAtLeast(history.at.length, 1)
      assert.strictEqual(history.cooling.at(-1), 4)
      assert.lengthOf((yield* json(History, "/limits/history?quota=nobody")).at, 0)
      for (const bad of ["after=x", "after=-1", "after=1.5"]) {
        assert.strictEqual((yield* ask(`/limits/history?${bad}`)).status, 400, bad)
      }
    }).pipe(Effect.provide(Board.layer()))
  )

  it.live("tells the whole first to everybody who connects, once more to who comes again, and then what changes", () =>
    Effect.gen(function* () {
      yield* call()
      // What was read before is still told for a while.
      yield* Effect.sleep("300 millis")
      for (let i = 0; i < 2; i++) {
        const [{ text, type }] = yield* Effect.all(
          [listen("event: change"), Effect.delay(call(`new-${i}`), "500 millis")],
          {
            concurrency: "unbounded"
          }
        )
        assert.strictEqual(type, "text/event-stream")
        assert.match(text, /event: whole\ndata: \{"at":\d+,"scope":"process","quotas":\{"acme\|p\|writes\|":/)
        assert.match(text, new RegExp(`event: change\\ndata: .*new-${i}`))
        assert.include(text, "retry: 2000")
      }
    }).pipe(Effect.provide(Board.layer()))
  )

  it.live("shows no key and nothing of what is sent or answered", () =>
    Effect.gen(function* () {
      const attio = yield* Attio.Client
      const request = HttpClientRequest.post("/v2/objects/people/records?who=in-query", {
        headers: { "x-note": "in-header" }
      }).pipe(HttpClientRequest.bodyJsonUnsafe({ note: "in-body" }))
      yield* Effect.ignore(attio.execute(request))
      yield* Effect.ignore(refused(60_000))
      const { text } = yield* listen('"refused"')
      const { text: state } = yield* ask("/limits/state")
      const { text: page } = yield* ask("/limits")
      for (const said of [text, state]) assert.include(said, '"provider":"attio"')
      for (const said of [text, state, page]) {
        for (const secret of ["in-key", "in-query", "in-header", "in-body", "in-answer"])
          assert.notInclude(said, secret)
      }
    }).pipe(
      Effect.provide(
        Attio.layer({ apiKey: Redacted.make("in-key-0123456789abcdef0123"), retry: "none" }).pipe(
          Layer.provide(
            Layer.succeed(
              HttpClient.HttpClient,
              HttpClient.make((request) =>
                Effect.succeed(
                  HttpClientResponse.fromWeb(
                    request,
                    Response.json(
                      {
                        code: "rate_limit_exceeded",
                        message: "in-key-0123456789abcdef0123 and in-answer-0123456789abcdef"
                      },
                      { status: 429, headers: { "retry-after": "30" } }
                    )
                  )
                )
              )
            )
          ),
          Layer.provideMerge(Board.layer())
        )
      )
    )
  )

  it.live("answers only to its own machine, by its own names, and to no other site", () =>
    Effect.gen(function* () {
      const status = (path: string, headers: Ask.Headers) => Effect.map(ask(path, headers), ({ status }) => status)
      for (const path of ["/limits", "/limits/state", "/limits/history", "/limits/changes"]) {
        assert.strictEqual(yield* status(path, { host: "evil.example" }), 403, path)
        assert.strictEqual(yield* status(path, { "x-forwarded-for": "127.0.0.1" }), 403, path)
      }
      for (const path of ["/limits/state", "/limits/history", "/limits/changes"]) {
        assert.strictEqual(yield* status(path, { "sec-fetch-site": "cross-site" }), 403, path)
        assert.strictEqual(yield* status(path, { origin: "https://evil.example" }), 403, path)
      }
      assert.strictEqual(yield* status("/limits", { "sec-fetch-site": "cross-site" }), 200)
      assert.include((yield* ask("/limits", { host: "evil.example" })).text, "Dashboard.routes({ access:")
    }).pipe(Effect.provide(Board.layer()))
  )

  it.live("answers whoever comes through the user's own authentication", () =>
    Effect.gen(function* () {
      const headers = { host: "intern.example", "x-forwarded-for": "10.0.0.1" }
      assert.strictEqual((yield* ask("/state", headers)).status, 200)
      assert.strictEqual((yield* ask("/", headers)).status, 200)
      assert.strictEqual((yield* ask("/state", { ...headers, "sec-fetch-site": "same-site" })).status, 403)
    }).pipe(Effect.provide(Board.layer({ path: "/", access: "behindOwnAuthentication" })))
  )

  it.live("is sent compressed to who takes that, and under the policy of the page", () =>
    Effect.gen(function* () {
      const { headers, text } = yield* ask("/limits", { "accept-encoding": "br" })
      assert.strictEqual(headers["content-encoding"], "br")
      assert.isBelow(text.length, 100_000)
      assert.match(String(headers["content-security-policy"]), /^default-src 'none'/)
    }).pipe(Effect.provide(Board.layer()))
  )

  it("refuses options that cannot be", () => {
    assert.throws(() => Dashboard.routes({ path: "/a//b" }), /Dashboard.routes: path takes a path such as "\/limits"/)
    // @ts-expect-error
    assert.throws(() => Dashboard.routes({ access: "all" }), /Dashboard.routes: access takes "loopback" or/)
  })
})
