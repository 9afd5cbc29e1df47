import { networkInterfaces } from "node:os"
import { gzipSync } from "node:zlib"
import { assert, describe, it } from "@effect/vitest"
import { Failure, Outbox, OutboxStore } from "@sluice/outbox"
import { Duration, Effect, Schema } from "effect"
import { HttpClientRequest } from "effect/http"
import * as Ask from "../../page/test/support/Ask.ts"
import * as Acme from "./support/Acme.ts"
import { send } from "./support/Live.ts"
import * as Page from "./support/Page.ts"
import { fresh } from "./support/storeContract.ts"

/** By `node:http`, which sends the headers that it is given, a browser's or a liar's. */
const ask = (path: string, headers?: Ask.Headers, method?: string, host?: string) =>
  Effect.flatMap(Page.origin, (origin) => Ask.ask(origin, path, { headers, method, host }))

const Tickets = Schema.fromJsonString(
  Schema.Struct({
    tickets: Schema.Array(
      Schema.Struct({
        id: Schema.String,
        state: Schema.String,
        expectedAt: Schema.NullOr(Schema.String),
        why: Schema.NullOr(Schema.String),
        behind: Schema.NullOr(Schema.String)
      })
    ),
    next: Schema.NullOr(Schema.Int)
  })
)

const list = (query: string) =>
  Effect.flatMap(ask(`/outbox/tickets?${query}`), ({ text }) => Schema.decodeUnknownEffect(Tickets)(text))

const json = { "content-type": "application/json" }

const until = (id: string, tag: Outbox.Status["_tag"]) =>
  Effect.repeat(Effect.delay(Outbox.status(Outbox.ticket(id)), 10), { until: ({ _tag }) => _tag === tag })

describe("Outbox.routes", () => {
  it.live("lists what waits and has failed, searches, and goes on from page to page", () =>
    Effect.gen(function* () {
      for (let i = 0; i < 7; i++) {
        yield* send(Acme.post(`/slow/${i}`), { id: `t-${i}`, subject: i < 3 ? "Ada" : `s-${i}` })
      }
      yield* until("t-3", "Done")
      const first = yield* list("limit=2&state=all")
      assert.deepStrictEqual(
        first.tickets.map(({ id }) => id),
        ["t-0", "t-1"]
      )
      const second = yield* list(`limit=5&state=all&after=${first.next}`)
      assert.deepStrictEqual(
        [second.tickets.map(({ id }) => id), second.next],
        [["t-2", "t-3", "t-4", "t-5", "t-6"], null]
      )
      const { tickets: adas } = yield* list("search=ADA%20slow&state=open")
      assert.deepStrictEqual(
        adas.map(({ behind, id }) => [id, behind]),
        [
          ["t-1", null],
          ["t-2", "t-1"]
        ]
      )
      const expected = Date.parse(adas[0]?.expectedAt ?? "") - Date.now()
      // Two an hour.
      assert.isAbove(expected, Duration.toMillis("50 minutes"))
      assert.lengthOf((yield* list("provider=nobody")).tickets, 0)
      const { text } = yield* ask("/outbox/summary")
      assert.deepNestedInclude(JSON.parse(text), {
        "providers[0].provider": "acme",
        "providers[0].waiting": 5,
        isMore: false
      })
    }).pipe(Effect.provide(Page.layer()))
  )

  it.live("retries and cancels, and says what cannot be done", () =>
    Effect.gen(function* () {
      yield* send(Acme.put("/things/1", { name: "x" }), { id: "bad" })
      yield* until("bad", "Failed")
      const post = (path: string) => Effect.map(ask(`/outbox/tickets/${path}`, json, "POST"), ({ status }) => status)
      assert.strictEqual(yield* post("bad/retry"), 200)
      yield* until("bad", "Done")
      assert.strictEqual(yield* post("bad/retry"), 409)
      assert.strictEqual(yield* post("bad/cancel"), 409)
      assert.strictEqual(yield* post("nobody/cancel"), 404)
      assert.strictEqual((yield* ask("/outbox/tickets/nobody")).status, 404)
      for (const bad of ["limit=0", "limit=1000", "limit=x", "state=odd", "after=-1"]) {
        assert.strictEqual((yield* ask(`/outbox/tickets?${bad}`)).status, 400, bad)
      }
    }).pipe(Effect.provide(Page.layer({}, { "/things/1": [{ status: 422 }] })))
  )

  const secretive = HttpClientRequest.put("/things/1").pipe(
    HttpClientRequest.setUrlParams({ who: "in-query" }),
    HttpClientRequest.setHeader("x-note", "in-header"),
    HttpClientRequest.bodyJsonUnsafe({ note: "in-body" })
  )
  const mishap = { status: 422, body: { sorry: "in-answer" } }
  const hidden = ["in-query", "in-header", "in-body", "in-answer"]

  it.live("shows no query, header, body or key, and finds nothing by them", () =>
    Effect.gen(function* () {
      yield* send(secretive, { id: "bad" })
      yield* until("bad", "Failed")
      const { text } = yield* ask("/outbox/tickets?state=all")
      for (const secret of [...hidden, "idempotencyKey"]) assert.notInclude(text, secret)
      assert.notInclude((yield* ask("/outbox/tickets/bad")).text, "in-")
      for (const secret of hidden) assert.lengthOf((yield* list(`search=${secret}`)).tickets, 0)
      assert.strictEqual((yield* list("")).tickets[0]?.why, "The server answered 422.")
      // A client's own error names the whole address.
      const store = yield* OutboxStore.OutboxStore
      yield* store.insert(fresh("lost", { provider: "other" }), 0)
      yield* store.take({ provider: "other", route: "writes" }, { worker: "w", until: 9e15, now: 0, limit: 1 })
      const failure = new Failure.Unanswered({ said: "reset (PUT https://o.test/1?who=in-query)", isUnsent: false })
      yield* store.end("lost", "w", { _tag: "Failed", failure, isInDoubt: false }, 0)
      const { tickets } = yield* list("provider=other")
      assert.strictEqual(tickets[0]?.why, "No answer came: reset (PUT https://o.test/1)")
    }).pipe(Effect.provide(Page.layer({}, { "/things/1": [mishap] })))
  )

  it.live("shows them when it is asked to", () =>
    Effect.gen(function* () {
      yield* send(secretive, { id: "bad" })
      yield* until("bad", "Failed")
      const { text } = yield* ask("/tickets?state=all")
      for (const secret of [...hidden, "idempotencyKey"]) assert.include(text, secret)
    }).pipe(
      Effect.provide(
        Page.layer({ path: "/", shows: ["queries", "headers", "bodies", "keys"] }, { "/things/1": [mishap] })
      )
    )
  )

  it.live("answers only to its own machine, by its own names, and to no other site", () =>
    Effect.gen(function* () {
      const { host } = new URL(yield* Page.origin)
      const status = (path: string, headers: Readonly<Record<string, string>>, method = "GET") =>
        Effect.map(ask(path, headers, method), ({ status }) => status)
      for (const path of ["/outbox", "/outbox/tickets", "/outbox/summary", "/outbox/tickets/1"]) {
        assert.strictEqual(yield* status(path, { host: "evil.example" }), 403, path)
        assert.strictEqual(yield* status(path, { host: "localhost.evil.example" }), 403, path)
        assert.strictEqual(yield* status(path, { "x-forwarded-for": "127.0.0.1" }), 403, path)
      }
      assert.strictEqual(yield* status("/outbox", { "sec-fetch-site": "cross-site" }), 200)
      assert.strictEqual(yield* status("/outbox/", {}), 200)
      const data = "/outbox/tickets"
      assert.strictEqual(yield* status(data, { "sec-fetch-site": "cross-site" }), 403)
      assert.strictEqual(yield* status(data, { "sec-fetch-site": "same-site" }), 403)
      assert.strictEqual(yield* status(data, { origin: "https://evil.example" }), 403)
      assert.strictEqual(yield* status(data, { origin: "null" }), 403)
      assert.strictEqual(yield* status(data, { origin: `http://${host}` }), 200)
      const change = "/outbox/tickets/nobody/cancel"
      assert.strictEqual(yield* status(change, { "content-type": "text/plain" }, "POST"), 403)
      assert.strictEqual(yield* status(change, { ...json, "sec-fetch-site": "none" }, "POST"), 403)
      assert.strictEqual(yield* status(change, { ...json, origin: "https://evil.example" }, "POST"), 403)
      assert.strictEqual(yield* status(change, { ...json, origin: `http://${host}` }, "POST"), 404)
      // Another origin that calls itself the same site is told apart even where the browser says nothing of it.
      const lie = { ...json, "sec-fetch-site": "same-origin", origin: "https://evil.example" }
      assert.strictEqual(yield* status(change, lie, "POST"), 403)
    }).pipe(Effect.provide(Page.layer()))
  )

  const outward = Object.values(networkInterfaces())
    .flatMap((all) => all ?? [])
    .find(({ family, internal }) => family === "IPv4" && !internal)

  it.live.skipIf(outward === undefined)("answers nobody who comes by another address of the machine", () =>
    Effect.gen(function* () {
      const answer = yield* ask("/outbox", { host: "localhost" }, "GET", outward?.address)
      assert.strictEqual(answer.status, 403)
      assert.include(answer.text, "behindOwnAuthentication")
    }).pipe(Effect.provide(Page.layer({}, {}, "0.0.0.0")))
  )

  it.live("answers whoever comes through the user's own authentication, but no other site", () =>
    Effect.gen(function* () {
      const headers = { host: "intern.example", "x-forwarded-for": "10.0.0.1" }
      const status = (headers: Readonly<Record<string, string>>) =>
        Effect.map(ask("/outbox/tickets", headers), ({ status }) => status)
      assert.strictEqual(yield* status(headers), 200)
      assert.strictEqual(yield* status({ ...headers, origin: "https://evil.example" }), 403)
      assert.strictEqual(yield* status({ ...headers, "sec-fetch-site": "same-site" }), 403)
      // A proxy may ask by another name than the browser's.
      const passedOn = { host: "app:3000", origin: "https://intern.example", "sec-fetch-site": "same-origin" }
      assert.strictEqual(yield* status(passedOn), 200)
    }).pipe(Effect.provide(Page.layer({ access: "behindOwnAuthentication" })))
  )

  it.live("is one small page that loads nothing and may do no more than it does", () =>
    Effect.gen(function* () {
      const { headers, text } = yield* ask("/outbox")
      assert.match(
        String(headers["content-security-policy"]),
        /^default-src 'none'; script-src 'sha256-[\w+/=]+'; style-src 'sha256-/
      )
      assert.deepInclude(headers, {
        "x-frame-options": "DENY",
        "x-content-type-options": "nosniff",
        "cache-control": "no-store"
      })
      // What it loads would be an attribute of an element outside of its one script.
      assert.notMatch(text.replace(/<script>.*<\/script>/s, ""), /https?:|<[^>]+ (?:on\w+|style)=|<script [^>]*src/)
      assert.isBelow(gzipSync(text).length, 100_000)
    }).pipe(Effect.provide(Page.layer()))
  )

  it("refuses options that cannot be", () => {
    assert.throws(
      () => Outbox.routes({ path: "/a//b" }),
      /path takes a path such as "\/outbox", but was given "\/a\/\/b"/
    )
    assert.throws(() => Outbox.routes({ path: "/:id" }), RangeError)
    // @ts-expect-error
    assert.throws(() => Outbox.routes({ shows: ["all"] }), /shows takes some of queries, headers, bodies, keys/)
    // @ts-expect-error
    assert.throws(() => Outbox.routes({ access: "all" }), /access takes "loopback" or/)
  })
})
