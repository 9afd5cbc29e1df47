/** Whatever senders do and servers answer, in whatever order: what must hold of every ticket's life. */
import { assert, describe, it } from "@effect/vitest"
import type { Simulation } from "@sluice/core"
import { Outbox } from "@sluice/outbox"
import { Simulator } from "@sluice/simulator"
import { Clock, DateTime, Effect, Option, Schema } from "effect"
import * as Acme from "./support/Acme.ts"
import * as Live from "./support/Live.ts"

const Index = Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 11 }))

const Command = Schema.Union([
  Schema.TaggedStruct("Send", {
    subject: Schema.Literals(["a", "a", "b", ""]),
    method: Schema.Literals(["PUT", "POST"]),
    path: Schema.Literals(["/things/1", "/things/2", "/slow/1"]),
    supersede: Schema.Boolean,
    expiresAfter: Schema.Literals([0, 0, 50, 5000]),
    whenInDoubt: Schema.Literals(["send", "hold"])
  }),
  Schema.TaggedStruct("Mishap", {
    status: Schema.Literals([422, 429, 500, 503]),
    carriedOut: Schema.Boolean
  }),
  Schema.TaggedStruct("Cancel", { n: Index }),
  Schema.TaggedStruct("Retry", { n: Index }),
  Schema.TaggedStruct("Wait", { millis: Schema.Literals([1, 30, 100, 2000, 20_000]) })
])
type Command = typeof Command.Type

interface Event {
  readonly n: number
  readonly at: number
  readonly status: number
}

/** What the test knows of a ticket by what it did itself. */
interface Known {
  readonly ticket: Outbox.Ticket
  readonly send: Extract<Command, { _tag: "Send" }>
  readonly expiresAt: number
  cancelledAt: number
  hasBeenRetried: boolean
}

const quotas = { ...Acme.quotas }

/** Does as it is told with whatever comes next, and notes which ticket that was. */
const server = (events: Array<Event>, mishaps: Array<Extract<Command, { _tag: "Mishap" }>>): Simulation.Simulation => {
  const simulation = Acme.simulation([])
  const handle: Simulation.Route["handle"] = (request, _params, { nowMillis }) => {
    const { status } = mishaps.shift() ?? { status: 200 }
    events.push({ n: (JSON.parse(request.body) as { readonly n: number }).n, at: nowMillis, status })
    return { status, body: {} }
  }
  return { ...simulation, quotas, routes: simulation.routes.map((route) => ({ ...route, handle })) }
}

const play = (commands: ReadonlyArray<Command>, mishaps: Array<Extract<Command, { _tag: "Mishap" }>>) =>
  Effect.gen(function* () {
    const known: Array<Known> = []
    for (const command of commands) {
      const now = yield* Clock.currentTimeMillis
      if (command._tag === "Send") {
        const { expiresAfter, method, path, subject, supersede, whenInDoubt } = command
        const body = { n: known.length }
        const ticket = yield* Live.send(method === "PUT" ? Acme.put(path, body) : Acme.post(path, body), {
          ...(subject !== "" && { subject, supersede }),
          ...(expiresAfter > 0 && { expiresAt: DateTime.makeUnsafe(now + expiresAfter) }),
          whenInDoubt,
          maxAttempts: 3
        })
        const expiresAt = expiresAfter > 0 ? now + expiresAfter : Infinity
        known.push({ ticket, send: command, expiresAt, cancelledAt: Infinity, hasBeenRetried: false })
      } else if (command._tag === "Mishap") {
        mishaps.push(command)
      } else if (command._tag === "Wait") {
        yield* Effect.sleep(command.millis)
      } else {
        const one = known[command.n % Math.max(1, known.length)]
        if (one === undefined) continue
        const isDone = yield* Effect.isSuccess(
          command._tag === "Cancel" ? Outbox.cancel(one.ticket) : Outbox.retry(one.ticket)
        )
        if (!isDone) continue
        if (command._tag === "Retry") one.hasBeenRetried = true
        else if (one.cancelledAt === Infinity) one.cancelledAt = now
      }
    }
    yield* Effect.sleep("3 days")
    return known
  })

const check = (known: ReadonlyArray<Known>, statuses: ReadonlyArray<Outbox.Status>, events: ReadonlyArray<Event>) => {
  known.forEach(({ cancelledAt, expiresAt, hasBeenRetried, send }, n) => {
    const status = statuses[n]
    const own = events.filter((event) => event.n === n)
    const said = `ticket ${n}: ${JSON.stringify({ status, own })}`
    const wells = own.filter(({ status }) => status === 200).length
    switch (status?._tag) {
      case "Done":
        assert.strictEqual(wells, 1, said)
        break
      case "Waiting": {
        // Only what failed holds for ever, and its holder is an earlier ticket.
        const behind = Option.getOrUndefined(status.behind)
        const holder = known.findIndex((other) => other.ticket.id === behind)
        assert.strictEqual(statuses[holder]?._tag === "Failed" || statuses[holder]?._tag === "Waiting", true, said)
        assert.strictEqual(known[holder]?.send.subject, send.subject, said)
        // One that had expired after an attempt, and was retried, has gone to the end of the row.
        if (!hasBeenRetried) assert.strictEqual(own.length, 0, said)
        break
      }
      case "Failed":
      case "Cancelled":
      case "Superseded":
        assert.strictEqual(wells, 0, said)
        break
      default:
        assert.fail(`after three days ${said}`)
    }
    // It leaves 20 ms before it arrives, and nothing leaves after its end.
    for (const { at } of own) {
      assert.isAtMost(at - 20, cancelledAt, said)
      if (!hasBeenRetried) assert.isBelow(at - 20, expiresAt, said)
    }
    if (hasBeenRetried) return
    if (status !== undefined && "attempts" in status) assert.strictEqual(status.attempts, own.length, said)
    assert.isAtMost(own.length, 3, said)
    const doubt = own.findIndex(({ status }) => status === 500)
    if (send.method === "POST" && send.whenInDoubt === "hold" && doubt >= 0) {
      assert.strictEqual(own.length, doubt + 1, said)
    }
  })
  for (const subject of ["a", "b"]) {
    const ofSubject = events.filter(({ n }) => known[n]?.send.subject === subject)
    ofSubject.forEach(({ at, n }, i) => {
      const before = ofSubject[i - 1]
      if (before === undefined) return
      // One at a time: 20 ms there and 20 ms back.
      assert.isAtLeast(at - before.at, 40, `${subject}: ${JSON.stringify(ofSubject)}`)
      // In order, as long as nobody was sent to the end of the row.
      if (known[n]?.hasBeenRetried || known[before.n]?.hasBeenRetried) return
      assert.isAtLeast(n, before.n, `${subject}: ${JSON.stringify(ofSubject)}`)
    })
  }
}

describe("a ticket's life", () => {
  it.effect.prop(
    "is in order, ends once, and costs nothing that it need not",
    { commands: Schema.Array(Command).check(Schema.isMaxLength(24)) },
    ({ commands }) => {
      const events: Array<Event> = []
      const mishaps: Array<Extract<Command, { _tag: "Mishap" }>> = []
      return Effect.gen(function* () {
        const { exit, stats } = yield* Simulator.fastForward(
          Effect.gen(function* () {
            const known = yield* play(commands, mishaps)
            return { known, statuses: yield* Effect.forEach(known, ({ ticket }) => Outbox.status(ticket)) }
          })
        )
        const { known, statuses } = yield* exit
        check(known, statuses, events)
        assert.strictEqual(stats.refusals, 0)
      }).pipe(Effect.provide(Live.layer(server(events, mishaps), { pollInterval: "10 days" }), { local: true }))
    },
    { arbitrary: { runs: 150, size: 100 } }
  )
})
