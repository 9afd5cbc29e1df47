/** What every store of tickets has to do about calls that may go as one. */
import { assert, describe, it } from "@effect/vitest"
import { type Call, Failure, OutboxStore } from "@sluice/outbox"
import { callOf } from "@sluice/outbox/send/Merging"
import { Effect, type Layer, Schema } from "effect"
import { consistent } from "./consistent.ts"
import { fresh } from "./storeContract.ts"

const { OutboxStore: Store } = OutboxStore

const route = { provider: "acme", route: "writes" }
const answer: OutboxStore.StoredAnswer = { status: 200, headers: {}, body: "ok" }
const trouble = new Failure.Answered({ status: 422, body: "no" })

const change = (thing: number, fields: object): Call.Call => ({
  method: "PATCH",
  url: `/things/${thing}`,
  urlParams: [],
  headers: {},
  body: { _tag: "Text", contentType: "application/json", text: JSON.stringify(fields) }
})
const patch = (id: string, own: Partial<OutboxStore.New> = {}) =>
  fresh(id, { subject: "s", mergeKey: "k", call: change(1, { [id]: 1 }), ...own })

const take = (worker: string, now = 0, limit = 10) =>
  Store.use((store) => store.take(route, { worker, until: now + 100, now, limit }))
/** Who was taken, each with who goes with it. */
const taken = (worker: string, now = 0, limit = 10) =>
  Effect.map(take(worker, now, limit), (tickets) =>
    tickets.map(({ id, merged }) => [id, ...merged.map(({ id }) => id)].join("+"))
  )
const begin = (id: string, worker: string, merged: number, now = 0) =>
  Store.use((store) => store.begin(id, { worker, until: now + 100, now, merged }))
const end = (id: string, worker: string, end: OutboxStore.End = { _tag: "Done", answer }, now = 0) =>
  Store.use((store) => store.end(id, worker, end, now))
const storing = (...tickets: ReadonlyArray<OutboxStore.New>) =>
  Store.use((store) => Effect.forEach(tickets, (ticket) => store.insert(ticket, 0)))
const told = (...ids: ReadonlyArray<string>) =>
  Store.use((store) =>
    Effect.forEach(ids, (id) =>
      Effect.map(store.get(id), ({ mergedInto, state }) => `${state} ${mergedInto ?? "alone"}`)
    )
  )

/** One thing that happens to a store; numbers choose among what there is. */
const Command = Schema.Union([
  Schema.TaggedStruct("Send", {
    thing: Schema.Literals([1, 2]),
    field: Schema.Literals(["a", "b", "c"]),
    merges: Schema.Literals([true, true, false])
  }),
  Schema.TaggedStruct("Take", { limit: Schema.Literals([1, 2, 9]) }),
  Schema.TaggedStruct("Begin", { n: Schema.Int }),
  Schema.TaggedStruct("End", {
    n: Schema.Int,
    how: Schema.Literals(["done", "unsent", "refused", "doubt", "carried out in doubt", "apart"])
  }),
  Schema.TaggedStruct("Cancel", { n: Schema.Int }),
  Schema.TaggedStruct("Die", { carriesOut: Schema.Boolean })
])

/** Runs the suite over stores that each test gets anew. */
export const mergingContract = <E>(name: string, layer: () => Layer.Layer<OutboxStore.OutboxStore, E>, runs = 100) => {
  const test = (what: string, effect: Effect.Effect<void, unknown, OutboxStore.OutboxStore>) =>
    it.effect(what, () => Effect.provide(Effect.andThen(effect, consistent), layer(), { local: true }))

  describe(name, () => {
    test(
      "takes with a ticket those right behind it of its key, and ends them with it",
      Effect.gen(function* () {
        const store = yield* Store
        yield* storing(patch("1"), patch("2"), patch("3"), patch("4", { mergeKey: "other" }), patch("5"))
        yield* storing(patch("6", { subject: "t" }), patch("7", { subject: "t", mergeKey: null }), patch("8"))
        const before = yield* store.revision
        assert.deepStrictEqual(yield* taken("w"), ["1+2+3", "6"])
        assert.deepStrictEqual(
          (yield* store.changes(before, 9)).map(({ id }) => id),
          ["2", "3"]
        )
        assert.deepStrictEqual(yield* told("1", "2", "3", "4"), ["taken alone", "taken 1", "taken 1", "waiting alone"])
        assert.isTrue(yield* begin("1", "w", 2, 5))
        const second = yield* store.get("2")
        assert.deepInclude(second, { state: "sending", attempts: 1, sentAt: 5, firstSentAt: 5, mergedInto: "1" })
        assert.isTrue(yield* end("1", "w", { _tag: "Done", answer }, 7))
        assert.deepInclude(yield* store.get("3"), { state: "done", answer, mergedInto: "1", updatedAt: 7 })
        assert.deepStrictEqual(yield* taken("w"), ["4"])
        yield* end("4", "w")
        assert.deepStrictEqual(yield* taken("w"), ["5+8"])
      })
    )

    test(
      "begins only with all of those that it was taken with",
      Effect.gen(function* () {
        const store = yield* Store
        yield* storing(patch("1"), patch("2"), patch("3"))
        yield* taken("w")
        yield* store.recall("w", [], 1)
        assert.deepStrictEqual(yield* told("1", "2"), ["waiting alone", "waiting alone"])
        yield* taken("w")
        yield* store.cancel("2", 1)
        assert.isFalse(yield* begin("1", "w", 2))
        assert.isTrue(yield* end("1", "w", { _tag: "Unsent", dueAt: 0, trouble: null }))
        assert.deepStrictEqual(yield* told("1", "2", "3"), ["waiting alone", "cancelled alone", "waiting alone"])
        assert.deepStrictEqual(yield* taken("w"), ["1+3"])
        assert.isTrue(yield* begin("1", "w", 1))
        assert.strictEqual((yield* Effect.flip(store.cancel("3", 2)))._tag, "TicketMoved")
      })
    )

    test(
      "lets the others go when the first is cancelled, and supersedes them all",
      Effect.gen(function* () {
        const store = yield* Store
        yield* storing(patch("1"), patch("2"), patch("3"))
        yield* taken("w")
        yield* store.cancel("1", 1)
        assert.isFalse(yield* begin("1", "w", 2))
        assert.deepStrictEqual(yield* taken("w"), ["2+3"])
        yield* storing(patch("4", { supersedes: true, call: change(1, {}) }))
        assert.isFalse(yield* begin("2", "w", 1))
        assert.deepStrictEqual(yield* told("2", "3"), ["superseded alone", "superseded alone"])
        assert.deepStrictEqual(yield* taken("w"), ["4"])
      })
    )

    test(
      "keeps together what may have arrived together, without what came since",
      Effect.gen(function* () {
        const store = yield* Store
        yield* storing(patch("1"), patch("2"))
        yield* taken("w")
        yield* begin("1", "w", 1)
        yield* storing(patch("3"))
        yield* end("1", "w", { _tag: "Again", dueAt: 0, trouble, isInDoubt: true })
        assert.deepStrictEqual(yield* told("1", "2"), ["waiting alone", "waiting 1"])
        assert.deepStrictEqual(yield* taken("w"), ["1+2"])
        assert.isTrue(yield* begin("1", "w", 1))
        assert.isTrue(yield* store.tend("w2", 200))
        assert.deepInclude(yield* store.get("2"), { state: "waiting", isInDoubt: true, mergedInto: "1", attempts: 2 })
        // Taken over, and died before it was sent: what had been in doubt still is.
        assert.deepStrictEqual(yield* taken("w2", 200), ["1+2"])
        assert.isTrue(yield* store.tend("w3", 400))
        assert.deepStrictEqual(yield* taken("w3", 400), ["1+2"])
        yield* begin("1", "w3", 1)
        yield* end("1", "w3")
        assert.deepStrictEqual(yield* told("1", "2"), ["done alone", "done 1"])
        assert.deepStrictEqual(yield* taken("w3"), ["3"])
      })
    )

    test(
      "lets go what a worker had that died before it sent anything, and takes in what came since",
      Effect.gen(function* () {
        const store = yield* Store
        yield* storing(patch("1"), patch("2"))
        yield* taken("w")
        yield* storing(patch("3"))
        assert.isTrue(yield* store.tend("w2", 200))
        assert.deepStrictEqual(yield* told("1", "2"), ["waiting alone", "waiting alone"])
        assert.deepStrictEqual(yield* taken("w2", 200), ["1+2+3"])
      })
    )

    test(
      "sends each by itself from then on when they are to go apart",
      Effect.gen(function* () {
        yield* storing(patch("1"), patch("2"))
        yield* taken("w")
        yield* begin("1", "w", 1)
        yield* end("1", "w", { _tag: "Apart", trouble })
        for (const id of ["1", "2"]) {
          const ticket = yield* Store.use((store) => store.get(id))
          assert.deepInclude(ticket, { state: "waiting", attempts: 0, mergedInto: null, trouble })
          assert.deepStrictEqual(yield* taken("w"), [id])
          yield* end(id, "w")
        }
      })
    )

    test(
      "sends again one by one, in their order, what failed as one",
      Effect.gen(function* () {
        const store = yield* Store
        yield* storing(patch("1"), patch("2"), patch("3"))
        yield* taken("w")
        yield* begin("1", "w", 2)
        yield* end("1", "w", { _tag: "Failed", failure: new Failure.InDoubt({ said: "" }), isInDoubt: true })
        assert.deepStrictEqual(yield* told("1", "2", "3"), ["failed alone", "failed 1", "failed 1"])
        yield* store.retry("2", {}, 1)
        assert.deepStrictEqual(yield* taken("w"), [])
        assert.strictEqual((yield* store.standings([yield* store.get("2")]))[0]?.blocker, "1")
        yield* store.retry("1", {}, 1)
        assert.deepStrictEqual(yield* taken("w"), ["1"])
        yield* end("1", "w")
        assert.deepStrictEqual(yield* taken("w"), ["2"])
        yield* end("2", "w")
        yield* store.cancel("3", 2)
        assert.strictEqual((yield* store.get("2")).state, "done")
      })
    )

    it.effect.prop(
      "leaves everything as if each had been sent by itself, once and in its order",
      { commands: Schema.Array(Command).check(Schema.isMaxLength(40)) },
      ({ commands }) => Effect.provide(play(commands), layer(), { local: true }),
      { arbitrary: { runs, size: 100 } }
    )
  })
}

/** Plays the commands, drains what is left, and compares the server with one that had no merging. */
const play = (commands: ReadonlyArray<typeof Command.Type>) =>
  Effect.gen(function* () {
    const store = yield* Store
    let now = 0
    let worker = 0
    const calls: Array<{ readonly id: string; readonly thing: number; readonly call: Call.Call }> = []
    const server = new Map<string, Record<string, unknown>>()
    const running = new Map<string, { readonly ticket: OutboxStore.Taken; hasBegun: boolean }>()
    /** Which tickets were sent with one that may have arrived. */
    const doubted = new Map<string, string>()
    const carriedOut = new Map<string, number>()
    const allOf = (ticket: OutboxStore.Taken) => [ticket, ...ticket.merged]
    const namesOf = (ticket: OutboxStore.Taken) => allOf(ticket).map(({ id }) => id)
    const carryOut = (ticket: OutboxStore.Taken) => {
      const { body, url } = callOf(
        ticket.call,
        ticket.merged.map(({ call }) => call)
      )
      server.set(url, { ...server.get(url), ...(JSON.parse(body._tag === "Text" ? body.text : "{}") as object) })
      for (const id of namesOf(ticket)) carriedOut.set(id, (carriedOut.get(id) ?? 0) + 1)
    }
    const doubt = (ticket: OutboxStore.Taken) => {
      for (const id of namesOf(ticket)) doubted.set(id, namesOf(ticket).join())
    }
    const takeSome = (limit: number) =>
      Effect.gen(function* () {
        for (const ticket of yield* take(`w${worker}`, now, limit)) {
          const names = namesOf(ticket)
          // What may have arrived is sent again as it was; nothing else goes with it.
          for (const { id, isInDoubt } of allOf(ticket)) {
            if (isInDoubt) assert.strictEqual(names.join(), doubted.get(id))
          }
          assert.strictEqual(new Set(allOf(ticket).map(({ call }) => call.url)).size, 1)
          running.set(ticket.id, { ticket, hasBegun: false })
        }
      })
    const beginOne = (id: string) =>
      Effect.gen(function* () {
        const one = running.get(id)
        if (one === undefined || one.hasBegun) return
        const sent = new Set([...running.values()].flatMap(({ hasBegun, ticket }) => (hasBegun ? namesOf(ticket) : [])))
        one.hasBegun = yield* begin(id, `w${worker}`, one.ticket.merged.length, now)
        if (one.hasBegun) return assert.isFalse(namesOf(one.ticket).some((id) => sent.has(id)))
        // Somebody of it was cancelled.
        running.delete(id)
        yield* end(id, `w${worker}`, { _tag: "Unsent", dueAt: 0, trouble: null }, now)
      })
    const endOne = (id: string, how: string) =>
      Effect.gen(function* () {
        const one = running.get(id)
        if (one === undefined) return
        const { hasBegun, ticket } = one
        running.delete(id)
        const wasInDoubt = ticket.isInDoubt
        const ended = (it: OutboxStore.End) =>
          Effect.map(end(id, `w${worker}`, it, now), (isOurs) => assert.isTrue(isOurs || !hasBegun))
        if (!hasBegun || how === "unsent") return yield* ended({ _tag: "Unsent", dueAt: 0, trouble: null })
        if (how === "done" || (how === "apart" && wasInDoubt)) {
          carryOut(ticket)
          return yield* ended({ _tag: "Done", answer })
        }
        if (how === "apart") return yield* ended({ _tag: "Apart", trouble })
        if (how === "carried out in doubt") carryOut(ticket)
        if (how !== "refused") doubt(ticket)
        yield* ended({ _tag: "Again", dueAt: 0, trouble, isInDoubt: how !== "refused" })
      })
    const chosen = <A>(all: ReadonlyArray<A>, n: number): A | undefined => all[Math.abs(n) % Math.max(1, all.length)]
    for (const command of commands) {
      switch (command._tag) {
        case "Send": {
          const { field, merges, thing } = command
          const id = `${calls.length}`
          const call = change(thing, { [field]: id, [`own ${id}`]: true })
          calls.push({ id, thing, call })
          yield* store.insert(patch(id, { call, mergeKey: merges ? `${thing}` : null, maxAttempts: 1000 }), now)
          break
        }
        case "Take":
          yield* takeSome(command.limit)
          break
        case "Begin":
          yield* beginOne(chosen([...running.keys()], command.n) ?? "")
          break
        case "End":
          yield* endOne(chosen([...running.keys()], command.n) ?? "", command.how)
          break
        case "Cancel": {
          const id = chosen(calls, command.n)?.id
          if (id === undefined || (yield* store.get(id)).isInDoubt) break
          yield* Effect.ignore(store.cancel(id, now))
          break
        }
        case "Die": {
          for (const { hasBegun, ticket } of running.values()) {
            if (!hasBegun) continue
            doubt(ticket)
            if (command.carriesOut) carryOut(ticket)
          }
          running.clear()
          worker++
          now += 1000
          yield* store.tend(`w${worker}`, now)
        }
      }
    }
    for (const id of running.keys()) {
      yield* beginOne(id)
      yield* endOne(id, "done")
    }
    for (let left = calls.length; left >= 0; left--) {
      yield* takeSome(9)
      for (const id of running.keys()) {
        yield* beginOne(id)
        yield* endOne(id, "done")
      }
    }
    const expected = new Map<string, Record<string, unknown>>()
    for (const { call, id } of calls) {
      const { mergedInto, state } = yield* store.get(id)
      const times = carriedOut.get(id) ?? 0
      assert.include(["done", "cancelled"], state)
      if (state === "cancelled") assert.deepStrictEqual([times, mergedInto], [0, null])
      else if (doubted.has(id)) assert.isAtLeast(times, 1)
      else assert.strictEqual(times, 1)
      if (state === "cancelled") continue
      const fields = JSON.parse(call.body._tag === "Text" ? call.body.text : "{}") as object
      expected.set(call.url, { ...expected.get(call.url), ...fields })
    }
    assert.deepStrictEqual(server, expected)
  })
