import { assert, describe, it } from "@effect/vitest"
import { Call, Outbox } from "@sluice/outbox"
import { callOf, keyOf } from "@sluice/outbox/send/Merging"
import { Simulator } from "@sluice/simulator"
import { Effect, Option, Schema } from "effect"
import * as Acme from "./support/Acme.ts"
import * as Live from "./support/Live.ts"

const { run, send } = Live
const { patch } = Acme

const callWith = (text: string, own: Partial<Call.Call> = {}): Call.Call => ({
  method: "PATCH",
  url: "/things/1",
  urlParams: [],
  headers: {},
  body: { _tag: "Text", contentType: "application/json", text },
  ...own
})
const key = (call: Call.Call) => keyOf({ call, route: "r", expiresAt: null, maxAttempts: 1, whenInDoubt: "send" })
const merged = (...texts: ReadonlyArray<string>) => {
  const [first = callWith("{}"), ...later] = texts.map((text) => callWith(text))
  const { body } = callOf(first, later)
  return body._tag === "Text" ? body.text : undefined
}

describe("callOf", () => {
  it.effect.prop(
    "changes what all of them would have changed, one after the other",
    { changes: Schema.Array(Schema.Record(Schema.String, Schema.Union([Schema.Int, Schema.Array(Schema.String)]))) },
    ({ changes }) =>
      Effect.sync(() => {
        const expected = new Map(
          (JSON.parse(JSON.stringify(changes)) as Array<object>).flatMap((change) => Object.entries(change))
        )
        const text = merged(...changes.map((change) => JSON.stringify(change)))
        assert.deepStrictEqual(new Map(Object.entries(JSON.parse(text ?? "null") as object)), expected)
      })
  )

  it("takes a later field as a whole", () => {
    assert.strictEqual(merged('{"a":{"x":1},"b":1}', '{"a":{"y":2}}'), '{"a":{"y":2},"b":1}')
  })

  it("leaves a field alone that is called like a prototype", () => {
    assert.strictEqual(merged('{"__proto__":1}', '{"b":2}'), '{"__proto__":1,"b":2}')
  })

  it("leaves the length of the first body out", () => {
    const headers = { "content-length": "7", "x-trace": "t" }
    assert.deepStrictEqual(callOf(callWith('{"a":1}', { headers }), [callWith('{"b":2}')]).headers, { "x-trace": "t" })
  })
})

describe("keyOf", () => {
  it.each(["[1]", "1", "null", '"{}"', "{", "", '{"n":12345678901234567}', '{"n":1e999}'])("is none for %s", (text) => {
    assert.isUndefined(key(callWith(text)))
  })

  it.each(["{}", '{"n":-1.25e3}', '{"s":"12345678901234567 \\" 1e999"}'])("is the same for %s", (text) => {
    assert.strictEqual(key(callWith(text)), key(callWith('{"other":true}')))
    assert.isDefined(key(callWith(text)))
  })

  it("is another one where the address, a parameter or a header is", () => {
    const others = [{ url: "/things/2" }, { urlParams: [["a", "b"] as const] }, { headers: { "if-match": "7" } }]
    const keys = [{}, ...others].map((own) => key(callWith("{}", own)))
    assert.strictEqual(new Set(keys).size, 4)
    assert.isUndefined(key(callWith("{}", { method: "PUT" })))
  })
})

describe("merge", () => {
  const acme = (mishaps: Record<string, Array<Acme.Mishap>> = {}) => {
    const done: Array<Acme.Done> = []
    return { done, provided: Effect.provide(Live.layer(Acme.simulation(done, mishaps))) }
  }
  const spend = Effect.gen(function* () {
    for (const i of ["x", "y"]) yield* Outbox.await(yield* send(Acme.post(`/slow/${i}`)))
  })
  const options = { subject: "a", merge: true }
  const change = (fields: object, own: Outbox.SendOptions = {}) =>
    send(patch("/slow/1", fields), { ...options, ...own })

  it.effect("sends five changes as one call, whose answer each ticket gets", () => {
    const { done, provided } = acme()
    return run(
      Effect.gen(function* () {
        yield* spend
        const tickets = yield* Effect.forEach([1, 2, 3, 4, 5], (n) => change({ [`f${n % 3}`]: n }))
        yield* Effect.sleep("1 second")
        const [first, second] = tickets
        const waiting = yield* Outbox.status(second ?? Outbox.ticket(""))
        const told = waiting._tag === "Waiting" ? waiting : undefined
        assert.deepStrictEqual([told?.mergedInto, told?.behind], [Option.some(first?.id), Option.none()])
        assert.isTrue(told && Option.isSome(told.expectedAt))
        const answers = yield* Effect.forEach(tickets, Outbox.await)
        assert.deepStrictEqual(Acme.whats(done).slice(2), ['PATCH /slow/1 {"f1":4,"f2":5,"f0":3}'])
        assert.strictEqual(new Set(answers.map(({ body }) => JSON.stringify(body))).size, 1)
        const entries = (yield* Outbox.find({ subject: "a" })).map(({ status }) => status)
        assert.deepStrictEqual(
          entries.map((status) => status._tag === "Done" && Option.getOrNull(status.mergedInto)),
          [null, ...Array.from({ length: 4 }, () => first?.id ?? "")]
        )
        const { requests } = yield* Simulator.Simulator.use(({ stats }) => stats)
        assert.strictEqual(requests, 3)
      })
    ).pipe(provided)
  })

  it.effect("leaves out what was cancelled while the merged call was in the limiter's queue", () => {
    const { done, provided } = acme()
    return run(
      Effect.gen(function* () {
        yield* spend
        const [one, two, three] = yield* Effect.forEach([1, 2, 3], (n) => change({ [`f${n}`]: n }))
        yield* Effect.sleep("1 minute")
        yield* Outbox.cancel(two ?? Outbox.ticket(""))
        const four = yield* change({ f4: 4 })
        for (const ticket of [one, three, four]) yield* Outbox.await(ticket ?? Outbox.ticket(""))
        assert.deepStrictEqual(Acme.whats(done).slice(2), ['PATCH /slow/1 {"f1":1,"f3":3,"f4":4}'])
      })
    ).pipe(provided)
  })

  it.effect("goes on with the others when the first is cancelled", () => {
    const { done, provided } = acme()
    return run(
      Effect.gen(function* () {
        yield* spend
        const [one, two, three] = yield* Effect.forEach([1, 2, 3], (n) => change({ [`f${n}`]: n }))
        yield* Effect.sleep("1 minute")
        yield* Outbox.cancel(one ?? Outbox.ticket(""))
        for (const ticket of [two, three]) yield* Outbox.await(ticket ?? Outbox.ticket(""))
        assert.deepStrictEqual(Acme.whats(done).slice(2), ['PATCH /slow/1 {"f2":2,"f3":3}'])
      })
    ).pipe(provided)
  })

  it.effect("sends each by itself when the merged call is refused for what it says", () => {
    const { done, provided } = acme({
      "/things/1": [{ status: 422 }, { status: 200, carriedOut: true }, { status: 422 }]
    })
    return run(
      Effect.gen(function* () {
        const tickets = yield* Effect.forEach([1, 2, 3], (n) => send(patch("/things/1", { [`f${n}`]: n }), options))
        yield* Effect.sleep("1 minute")
        const tags = yield* Effect.forEach(tickets, (ticket) => Effect.map(Outbox.status(ticket), ({ _tag }) => _tag))
        assert.deepStrictEqual(tags, ["Done", "Failed", "Waiting"])
        assert.deepStrictEqual(Acme.whats(done), ['PATCH /things/1 {"f1":1}'])
      })
    ).pipe(provided)
  })

  it.effect("sends the same call again after an answer that leaves a doubt, without what came since", () => {
    const { done, provided } = acme({ "/things/1": [{ status: 502, carriedOut: true }] })
    return run(
      Effect.gen(function* () {
        const tickets = yield* Effect.forEach([1, 2], (n) => send(patch("/things/1", { [`f${n}`]: n }), options))
        yield* Effect.sleep("100 millis")
        const later = yield* send(patch("/things/1", { f3: 3 }), options)
        for (const ticket of [...tickets, later]) yield* Outbox.await(ticket)
        const same = 'PATCH /things/1 {"f1":1,"f2":2}'
        assert.deepStrictEqual(Acme.whats(done), [same, same, 'PATCH /things/1 {"f3":3}'])
      })
    ).pipe(provided)
  })

  it.effect("takes in what came since a refusal, which carried nothing out", () => {
    const { done, provided } = acme({ "/things/1": [{ status: 503 }] })
    return run(
      Effect.gen(function* () {
        const tickets = yield* Effect.forEach([1, 2], (n) => send(patch("/things/1", { [`f${n}`]: n }), options))
        yield* Effect.sleep("100 millis")
        const later = yield* send(patch("/things/1", { f3: 3 }), options)
        for (const ticket of [...tickets, later]) yield* Outbox.await(ticket)
        assert.deepStrictEqual(Acme.whats(done), ['PATCH /things/1 {"f1":1,"f2":2,"f3":3}'])
      })
    ).pipe(provided)
  })

  it.effect("keeps what came between in its place", () => {
    const { done, provided } = acme()
    return run(
      Effect.gen(function* () {
        yield* send(patch("/things/1", { a: 1 }), options)
        yield* send(patch("/things/2", { a: 2 }), options)
        yield* send(patch("/things/1", { b: 3 }), { subject: "a" })
        yield* send(patch("/things/1", { c: 4 }), options)
        const last = yield* send(patch("/things/1", { d: 5 }), options)
        yield* Outbox.await(last)
        assert.deepStrictEqual(Acme.whats(done), [
          'PATCH /things/1 {"a":1}',
          'PATCH /things/2 {"a":2}',
          'PATCH /things/1 {"b":3}',
          'PATCH /things/1 {"c":4,"d":5}'
        ])
      })
    ).pipe(provided)
  })

  it.effect("is refused for a call that is no change of fields, or is about nothing in particular", () =>
    run(
      Effect.gen(function* () {
        const array = yield* Effect.flip(send(patch("/things/1", [1]), options))
        assert.deepInclude(array, { _tag: "CallError", field: "options.merge" })
        const put = yield* Effect.flip(send(Acme.put("/things/1", {}), options))
        assert.deepInclude(put, { field: "options.merge", value: "true with a PUT" })
        const nobody = yield* Effect.flip(send(patch("/things/1", {}), { merge: true }))
        assert.deepInclude(nobody, { field: "options.subject", rule: "a name where merge is true" })
      })
    ).pipe(Effect.provide(Live.layer(Acme.simulation([]))))
  )
})
