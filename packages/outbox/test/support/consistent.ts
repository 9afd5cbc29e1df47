/** What a store tells of many tickets at a time is what each of them says. */
import { assert } from "@effect/vitest"
import { OutboxStore } from "@sluice/outbox"
import { callWords, failureWords } from "@sluice/outbox/status/Seen"
import { Effect } from "effect"

type Stored = OutboxStore.Stored

const isReady = ({ dueAt, isBehind, state }: Stored) => state === "waiting" && !isBehind && dueAt === 0
const isWaiting = ({ state }: Stored) => state === "waiting" || state === "taken"
const isEnded = ({ state }: Stored) => state === "done" || state === "cancelled" || state === "superseded"

const isBefore = (one: Stored, other: Stored) =>
  one.priority > other.priority || (one.priority === other.priority && one.place < other.place)

/** What is to be found by words: what is seen of the call, and of why, while that is told. */
const seenOf = (ticket: Stored, sees: OutboxStore.Search["sees"]) => {
  const { query, sought } = callWords(ticket)
  const { said, saidWhole } = failureWords(ticket.failure ?? ticket.trouble)
  return [sees.queries ? sought + query : sought, isEnded(ticket) ? "" : sees.bodies ? (saidWhole ?? said) : said]
}

const words = ["acme", "answered", "answer came", "things/1", "expired", "nowhere"]

export const consistent = Effect.gen(function* () {
  const store = yield* OutboxStore.OutboxStore
  const { next, tickets } = yield* store.find({ limit: 10_000 })
  assert.isNull(next)

  const standings = yield* store.standings(tickets)
  tickets.forEach((ticket, i) => {
    const { provider, route } = ticket
    const before = tickets.filter(
      (other) => isReady(other) && other.provider === provider && other.route === route && isBefore(other, ticket)
    )
    assert.strictEqual(standings[i]?.ahead, before.length, ticket.id)
  })

  const tally = yield* store.tally
  const routes = Map.groupBy(
    tickets.filter((ticket) => !isEnded(ticket)),
    ({ provider, route }) => JSON.stringify([provider, route])
  )
  assert.deepStrictEqual(
    tally.map(({ failed, provider, route, sending, waiting }) => [
      JSON.stringify([provider, route]),
      [waiting, sending, failed]
    ]),
    [...routes]
      .toSorted(([a], [b]) => (a < b ? -1 : 1))
      .map(([key, all]) => [
        key,
        [
          all.filter(isWaiting).length,
          all.filter(({ state }) => state === "sending").length,
          all.filter(({ state }) => state === "failed").length
        ]
      ])
  )
  for (const { ahead, last, provider, route } of tally) {
    const own = tickets.filter((one) => one.provider === provider && one.route === route)
    const ready = own.filter(isReady)
    const waits = own.filter(({ state }) => state === "waiting").length
    assert.isAtMost(ahead, Math.max(0, last?.state === "waiting" ? waits - 1 : waits))
    assert.isAtLeast(ahead, Math.max(0, ready.length - 1))
    if (ready.length > 0) assert.isEmpty(ready.filter((one) => last !== undefined && isBefore(last, one)))
    assert.strictEqual(last === undefined, !own.some((one) => isReady(one) || one.dueAt > 0 || one.state === "taken"))
  }

  const ids = (query: Partial<OutboxStore.Query>) =>
    Effect.gen(function* () {
      const found: Array<string> = []
      let after: number | null = 0
      // Page by page, as somebody would look.
      while (after !== null) {
        const page: OutboxStore.Found = yield* store.find({ limit: 2, ...query, after })
        assert.isAtMost(page.tickets.length, 2)
        found.push(...page.tickets.map(({ id }) => id))
        after = page.next
      }
      return found
    })
  const idsOf = (is: (ticket: Stored) => boolean) => tickets.filter(is).map(({ id }) => id)
  assert.deepStrictEqual(
    yield* ids({}),
    idsOf(() => true)
  )
  assert.deepStrictEqual(yield* ids({ states: ["waiting", "taken"] }), idsOf(isWaiting))
  assert.deepStrictEqual(
    yield* ids({ states: ["waiting", "failed", "done"], provider: "acme" }),
    idsOf(({ provider, state }) => provider === "acme" && ["waiting", "failed", "done"].includes(state))
  )
  assert.deepStrictEqual(
    yield* ids({ subject: "s" }),
    idsOf(({ subject }) => subject === "s")
  )
  for (const sees of [
    { queries: false, bodies: false },
    { queries: true, bodies: true }
  ]) {
    for (const word of words) {
      assert.deepStrictEqual(
        yield* ids({ search: { words: word.split(" "), sees } }),
        idsOf((ticket) => word.split(" ").every((one) => seenOf(ticket, sees).some((text) => text.includes(one)))),
        word
      )
    }
  }
})
