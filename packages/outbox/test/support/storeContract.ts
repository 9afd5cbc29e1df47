/** What every store of tickets has to do, whatever database it is in. Instants are plain numbers here. */
import { assert, describe, it } from "@effect/vitest"
import { Call, Failure, OutboxStore } from "@sluice/outbox"
import { Effect, type Layer, Option } from "effect"
import * as Acme from "./Acme.ts"
import { consistent } from "./consistent.ts"

const { OutboxStore: Store } = OutboxStore

const call = (path: string): Call.Call => ({
  method: "PUT",
  url: path,
  urlParams: [],
  headers: { "x-trace": "é" },
  body: { _tag: "Text", contentType: "text/plain", text: "näh" }
})

/** A ticket as its sender would store it. */
export const fresh = (id: string, own: Partial<OutboxStore.New> = {}): OutboxStore.New => ({
  id,
  provider: Acme.provider.id,
  route: "writes",
  subject: null,
  priority: 0,
  call: call(`/things/${id}`),
  idempotencyKey: `key-${id}`,
  expiresAt: null,
  maxAttempts: 3,
  whenInDoubt: "send",
  supersedes: false,
  mergeKey: null,
  ...own
})

const route = { provider: "acme", route: "writes" }
const answer: OutboxStore.StoredAnswer = { status: 201, headers: { location: "/x" }, body: "ok" }
const trouble = new Failure.Unanswered({ said: "nobody there", isUnsent: false })

const insert = (ticket: OutboxStore.New, now = 0) => Store.use((store) => store.insert(ticket, now))
const get = (id: string) => Store.use((store) => store.get(id))
const take = (worker: string, now = 0, limit = 10) =>
  Effect.map(
    Store.use((store) => store.take(route, { worker, until: now + 100, now, limit })),
    (tickets) => tickets.map(({ id }) => id)
  )
const begin = (id: string, worker: string, now = 0) =>
  Store.use((store) => store.begin(id, { worker, until: now + 100, now }))
const end = (id: string, worker: string, end: OutboxStore.End = { _tag: "Done", answer }, now = 0) =>
  Store.use((store) => store.end(id, worker, end, now))
const tend = (worker: string, now: number) => Store.use((store) => store.tend(worker, now))

/** Runs the suite over stores that each test gets anew. */
export const contract = <E>(name: string, layer: () => Layer.Layer<OutboxStore.OutboxStore, E>) => {
  const test = (what: string, effect: Effect.Effect<void, unknown, OutboxStore.OutboxStore>) =>
    it.effect(what, () => Effect.provide(Effect.andThen(effect, consistent), layer(), { local: true }))

  describe(name, () => {
    test(
      "keeps all that it is given",
      Effect.gen(function* () {
        const ticket = fresh("1", { subject: "s", priority: -2, expiresAt: 5, whenInDoubt: "hold" })
        yield* insert(ticket, 3)
        const { mergeKey: _key, supersedes: _, ...given } = ticket
        assert.deepInclude(yield* get("1"), { ...given, state: "waiting", createdAt: 3, updatedAt: 3, attempts: 0 })
        assert.strictEqual((yield* Effect.flip(get("2")))._tag, "TicketUnknown")
      })
    )

    test(
      "stores a ticket once, and tells of changes in the order of their revisions",
      Effect.gen(function* () {
        const store = yield* Store
        yield* insert(fresh("1"))
        yield* insert(fresh("1", { call: call("/other") }))
        yield* insert(fresh("2"))
        assert.strictEqual((yield* get("1")).call.url, "/things/1")
        const ids = (after: number, limit = 10) =>
          Effect.map(store.changes(after, limit), (changed) =>
            changed.map(({ id, revision }) => [id, revision] as const)
          )
        const all = yield* ids(0)
        assert.deepStrictEqual(
          all.map(([id]) => id),
          ["1", "2"]
        )
        assert.strictEqual(yield* store.revision, all[1]?.[1])
        assert.deepStrictEqual(yield* ids(0, 1), all.slice(0, 1))
        assert.deepStrictEqual(yield* ids(all[0]?.[1] ?? 0), all.slice(1))
        yield* take("w")
        yield* begin("1", "w")
        assert.deepStrictEqual(
          (yield* ids(all[1]?.[1] ?? 0)).map(([id]) => id),
          ["1"]
        )
      })
    )

    test(
      "gives tickets by priority, then by place, each to one worker",
      Effect.gen(function* () {
        const store = yield* Store
        for (const [id, priority] of [
          ["1", 0],
          ["2", 0],
          ["3", 1],
          ["4", -1]
        ] as const) {
          yield* insert(fresh(id, { priority }))
        }
        yield* insert(fresh("5", { route: "reads" }))
        assert.deepStrictEqual(yield* store.routes(["acme"]), [{ provider: "acme", route: "reads" }, route])
        assert.deepStrictEqual(yield* store.routes(["other"]), [])
        const ahead = Effect.map(
          Effect.flatMap(get("2"), (two) => store.standings([two])),
          ([own]) => own?.ahead
        )
        assert.strictEqual(yield* ahead, 2)
        assert.deepStrictEqual(yield* take("w1", 0, 2), ["3", "1"])
        assert.strictEqual(yield* ahead, 0)
        assert.deepStrictEqual(yield* take("w2"), ["2", "4"])
        assert.deepStrictEqual(yield* take("w1"), [])
      })
    )

    test(
      "marks as sent only what is still this worker's, and wanted",
      Effect.gen(function* () {
        const store = yield* Store
        const ids = ["ours", "cancelled", "superseded", "late", "theirs"]
        for (const id of ids) {
          yield* insert(fresh(id, { subject: id, call: call("/x"), expiresAt: id === "late" ? 50 : null }))
        }
        yield* take("w1")
        yield* store.cancel("cancelled", 1)
        yield* insert(fresh("newer", { subject: "superseded", call: call("/x"), supersedes: true }))
        const marked = yield* Effect.forEach(ids, (id) => begin(id, id === "theirs" ? "w2" : "w1", 60))
        assert.deepStrictEqual(marked, [true, false, false, false, false])
        assert.deepInclude(yield* get("ours"), { state: "sending", attempts: 1, sentAt: 60, firstSentAt: 60 })
        assert.deepInclude(yield* get("superseded"), { state: "superseded", supersededBy: "newer" })
        assert.isFalse(yield* begin("newer", "w1"))
      })
    )

    test(
      "writes an end down once, and only of its own worker",
      Effect.gen(function* () {
        yield* insert(fresh("1"))
        assert.isFalse(yield* end("1", "w1"))
        yield* take("w1")
        yield* begin("1", "w1")
        assert.isFalse(yield* end("1", "w2"))
        assert.isTrue(yield* end("1", "w1", { _tag: "Done", answer }, 9))
        assert.isFalse(yield* end("1", "w1", { _tag: "Again", dueAt: 0, trouble, isInDoubt: true }))
        assert.deepInclude(yield* get("1"), { state: "done", answer, updatedAt: 9, isInDoubt: false })
      })
    )

    test(
      "finds what a dead worker had, when it no longer owns it, and tells what may have arrived",
      Effect.gen(function* () {
        const store = yield* Store
        for (const id of ["1", "2", "3"]) yield* insert(fresh(id))
        yield* take("w1", 0, 2)
        yield* begin("2", "w1", 0)
        assert.isFalse(yield* tend("w2", 99))
        yield* store.renew({ worker: "w1", until: 200 })
        assert.isFalse(yield* tend("w2", 150))
        // Its own worker never loses it by itself.
        assert.isFalse(yield* tend("w1", 1000))
        assert.strictEqual(yield* store.nextAt("w2"), 200)
        assert.isTrue(yield* tend("w2", 200))
        assert.deepInclude(yield* get("1"), { state: "waiting", isInDoubt: false, attempts: 0, trouble: null })
        const lost = yield* get("2")
        assert.deepInclude(lost, { state: "waiting", isInDoubt: true, attempts: 1 })
        assert.strictEqual(lost.trouble?._tag, "Unanswered")
        assert.deepStrictEqual(yield* take("w2", 200), ["1", "2", "3"])
        assert.isFalse(yield* end("2", "w1"))
      })
    )

    test(
      "gives back what its worker took and does not know of, and nothing that it may have sent",
      Effect.gen(function* () {
        const store = yield* Store
        for (const id of ["1", "2", "3"]) yield* insert(fresh(id))
        yield* take("w1", 0, 2)
        yield* take("w2")
        yield* begin("1", "w1")
        yield* store.recall("w1", [], 5)
        assert.deepStrictEqual(yield* take("w1"), ["2"])
        yield* store.recall("w1", ["2"], 6)
        assert.deepStrictEqual(yield* take("w1"), [])
        assert.isTrue(yield* begin("2", "w1"))
        assert.isTrue(yield* begin("3", "w2"))
        assert.isTrue(yield* end("1", "w1"))
      })
    )

    test(
      "holds what is due later until then",
      Effect.gen(function* () {
        const store = yield* Store
        yield* insert(fresh("1"))
        yield* take("w")
        yield* begin("1", "w")
        yield* end("1", "w", { _tag: "Again", dueAt: 500, trouble, isInDoubt: false })
        assert.deepInclude(yield* get("1"), { state: "waiting", attempts: 1, dueAt: 500, isInDoubt: false })
        assert.deepStrictEqual(yield* take("w", 499), [])
        assert.strictEqual(yield* store.nextAt("w"), 500)
        assert.isFalse(yield* tend("w", 499))
        assert.isTrue(yield* tend("w", 500))
        assert.deepStrictEqual(yield* take("w", 500), ["1"])
      })
    )

    test(
      "does not count what was surely not sent",
      Effect.gen(function* () {
        yield* insert(fresh("1"))
        yield* take("w")
        yield* begin("1", "w")
        yield* end("1", "w", { _tag: "Unsent", dueAt: 0, trouble })
        assert.deepInclude(yield* get("1"), { state: "waiting", attempts: 0 })
        yield* take("w")
        yield* end("1", "w", { _tag: "Unsent", dueAt: 0, trouble: null })
        const ticket = yield* get("1")
        assert.deepStrictEqual([ticket.state, ticket.attempts, ticket.trouble?._tag], ["waiting", 0, "Unanswered"])
      })
    )

    test(
      "lets one ticket of a subject go at a time",
      Effect.gen(function* () {
        const store = yield* Store
        for (const id of ["1", "2", "3"]) yield* insert(fresh(id, { subject: "s" }))
        yield* insert(fresh("4", { subject: "s", provider: "other" }))
        assert.deepStrictEqual(yield* take("w"), ["1"])
        const standings = yield* store.standings([yield* get("3"), yield* get("4"), yield* get("1")])
        assert.deepStrictEqual(
          standings.map(({ blocker }) => blocker),
          ["1", undefined, undefined]
        )
        yield* store.cancel("2", 0)
        assert.deepStrictEqual(yield* take("w"), [])
        const failure = new Failure.Impossible({ said: "no" })
        yield* end("1", "w", { _tag: "Failed", failure, isInDoubt: false })
        assert.deepStrictEqual(yield* take("w"), [])
        assert.deepInclude(yield* get("1"), { state: "failed", isBehind: false })
        assert.strictEqual((yield* get("1")).failure?.message, "no")
        yield* store.cancel("1", 0)
        assert.deepStrictEqual(yield* take("w"), ["3"])
      })
    )

    test(
      "expires what waits, which then holds nobody",
      Effect.gen(function* () {
        const store = yield* Store
        yield* insert(fresh("1", { subject: "s", expiresAt: 50 }))
        yield* insert(fresh("2", { subject: "s" }))
        assert.strictEqual(yield* store.nextAt("w"), 50)
        assert.isTrue(yield* tend("w", 50))
        const { failure, state } = yield* get("1")
        assert.deepStrictEqual([state, failure?._tag], ["failed", "Expired"])
        assert.deepStrictEqual(failure?._tag === "Expired" && failure.earliest, Option.none())
        assert.deepStrictEqual(yield* take("w"), ["2"])
      })
    )

    test(
      "sends a dead letter again with another call and key",
      Effect.gen(function* () {
        const store = yield* Store
        yield* insert(fresh("1", { subject: "s" }))
        yield* insert(fresh("2", { subject: "s" }))
        yield* take("w")
        yield* begin("1", "w", 7)
        const failure = new Failure.Answered({ status: 422, body: "" })
        yield* end("1", "w", { _tag: "Failed", failure, isInDoubt: true })
        assert.strictEqual((yield* Effect.flip(store.retry("2", {}, 8)))._tag, "TicketMoved")
        const corrected = { call: call("/right"), route: "writes", idempotencyKey: "another" }
        yield* store.retry("1", { call: corrected }, 8)
        const again = yield* get("1")
        assert.deepInclude(again, { state: "waiting", attempts: 0, isInDoubt: false, firstSentAt: null, failure: null })
        assert.deepInclude(again, { call: corrected.call, idempotencyKey: "another" })
        assert.deepStrictEqual(yield* take("w"), ["1"])
      })
    )

    test(
      "finds by the words that may be seen, and by no others",
      Effect.gen(function* () {
        const store = yield* Store
        const secret = { ...call("/things/1?own=Hidden1"), urlParams: [["q", "hidden2"]] as const }
        for (const id of ["1", "2", "3"])
          yield* insert(fresh(id, { call: secret, subject: id === "3" ? "100%_'é" : null }))
        yield* take("w")
        const said = new Failure.Answered({ status: 422, body: "hidden3" })
        yield* end("1", "w", { _tag: "Again", trouble: said, dueAt: 9, isInDoubt: false })
        yield* end("2", "w", { _tag: "Failed", failure: said, isInDoubt: false })
        const found = (text: string, queries = false, bodies = false) =>
          Effect.map(store.find({ limit: 9, search: { words: text.split(" "), sees: { queries, bodies } } }), (page) =>
            page.tickets.map(({ id }) => id)
          )
        const all = ["1", "2", "3"]
        assert.deepStrictEqual(yield* found("put /things/1 acme"), all)
        assert.deepStrictEqual(yield* found("100%_'é"), ["3"])
        assert.deepStrictEqual(yield* found("%"), ["3"])
        assert.deepStrictEqual(yield* found("answered put 422"), ["1", "2"])
        for (const word of ["hidden1", "hidden2", "hidden3"]) assert.deepStrictEqual(yield* found(word), [], word)
        assert.deepStrictEqual(yield* found("/things/1?own=hidden1&q=hidden2", true), all)
        assert.deepStrictEqual(yield* found("hidden3", true), [])
        assert.deepStrictEqual(yield* found("hidden3", false, true), ["1", "2"])
        // What is put right, or given up, is not found by what was wrong with it.
        yield* store.retry("2", { call: { call: call("/right"), route: "writes", idempotencyKey: "k" } }, 0)
        yield* store.cancel("1", 0)
        assert.deepStrictEqual(yield* found("answered"), [])
        assert.deepStrictEqual(yield* found("/right"), ["2"])
        assert.deepStrictEqual(yield* found("hidden", true, true), ["1", "3"])
      })
    )

    test(
      "tells how many go before a ticket, and how much there is of each route, however they change",
      Effect.gen(function* () {
        const store = yield* Store
        const ids = Array.from({ length: 40 }, (_, i) => `${i}`)
        const about = (i: number): Partial<OutboxStore.New> => ({
          priority: i % 3,
          route: i % 4 === 0 ? "reads" : "writes",
          subject: i % 5 === 0 ? "s" : null,
          mergeKey: i % 10 === 0 ? "m" : null,
          expiresAt: i % 7 === 0 ? 50 : null,
          provider: i % 11 === 0 ? "other" : "acme"
        })
        yield* Effect.forEach(ids, (id, i) => insert(fresh(id, about(i))))
        yield* consistent
        const taken = yield* take("w1", 0, 12)
        for (const [i, id] of taken.entries()) if (i % 2 === 0) yield* begin(id, "w1")
        yield* consistent
        for (const [i, id] of taken.entries()) {
          const ends: ReadonlyArray<OutboxStore.End> = [
            { _tag: "Done", answer },
            { _tag: "Failed", failure: trouble, isInDoubt: true },
            { _tag: "Again", trouble, dueAt: 30 + i, isInDoubt: false },
            { _tag: "Unsent", trouble: null, dueAt: 0 }
          ]
          const own = ends[i % 5]
          if (own !== undefined) yield* end(id, "w1", own)
        }
        yield* consistent
        // What expired goes to the end when it is retried, and what was taken by a dead worker is found.
        yield* tend("w2", 200)
        yield* consistent
        for (const id of ids) yield* Effect.ignore(store.retry(id, {}, 200))
        yield* consistent
        for (const id of ids) if (Number(id) % 2 === 0) yield* Effect.ignore(store.cancel(id, 300))
        yield* store.purge(1000)
      })
    )

    test(
      "finds by state, and forgets only what ended well",
      Effect.gen(function* () {
        const store = yield* Store
        for (const id of ["1", "2", "3"]) yield* insert(fresh(id))
        yield* take("w")
        yield* end("1", "w", { _tag: "Done", answer }, 5)
        yield* end("2", "w", { _tag: "Failed", failure: new Failure.Impossible({ said: "" }), isInDoubt: false }, 5)
        const { tickets: found } = yield* store.find({ states: ["done", "failed"], limit: 9 })
        assert.deepStrictEqual(
          found.map(({ id }) => id),
          ["1", "2"]
        )
        assert.strictEqual(yield* store.purge(5), 0)
        assert.strictEqual(yield* store.purge(6), 1)
        assert.strictEqual((yield* store.find({ limit: 9 })).tickets.length, 2)
      })
    )
  })
}
