import { NodeHttpServer } from "@effect/platform-node"
import { assert, describe, it } from "@effect/vitest"
import { RateLimiter } from "@sluice/core"
import { Dashboard } from "@sluice/dashboard"
import { Outbox, OutboxStoreSqlite } from "@sluice/outbox"
import { PrayerLetters } from "@sluice/providers/prayerletters"
import { simulation as prayerLetters } from "@sluice/providers/prayerletters/simulation"
import { Productlane } from "@sluice/providers/productlane"
import { simulation as productlane } from "@sluice/providers/productlane/simulation"
import { Simulator } from "@sluice/simulator"
import { DateTime, Effect, Exit, Layer, Option, Redacted } from "effect"
import { HttpBody, HttpClient, HttpRouter } from "effect/http"
import { routes } from "../src/Routes.ts"
import { delay, saveContact, saveThread, tell } from "../src/Saving.ts"

const apiKey = Redacted.make("key")
const quick = { latency: { before: "20 millis", after: "20 millis" } } as const

const layer = Outbox.layer([PrayerLetters, Productlane], { pollInterval: "1 hour", drain: 0 }).pipe(
  Layer.provide(OutboxStoreSqlite.layer({ filename: ":memory:" })),
  Layer.provide([PrayerLetters.layer({ apiKey }), Productlane.layer({ apiKey })]),
  Layer.provide(RateLimiter.layer),
  Layer.provideMerge(Simulator.layerAll([prayerLetters, productlane], quick))
)

const thread = (i: number) => ({ text: "<p>An idea</p>", contact_email: `person-${i}@example.com` })

describe("saving", () => {
  it.effect("sends a hundred threads as fast as Productlane takes them, and tells when the last one goes", () =>
    Effect.gen(function* () {
      const program = Effect.gen(function* () {
        const tickets = yield* Effect.forEach(
          Array.from({ length: 100 }, (_, i) => i),
          (i) => saveThread(thread(i))
        )
        yield* Effect.sleep("1 second")
        const { until, waiting } = yield* delay
        yield* Effect.forEach(tickets, Outbox.await)
        const [told, ended] = [Option.getOrThrow(until), yield* DateTime.now].map(DateTime.toEpochMillis)
        return { waiting, told, ended }
      })
      const { exit, stats } = yield* Simulator.fastForward(program)
      assert.deepInclude(stats, { requests: 100, refusals: 0 })
      const { ended, told, waiting } = yield* exit
      assert.strictEqual(waiting, 80)
      // Sixty a minute: the last ones wait for the second minute, and were told so.
      assert.isBelow(told ?? 0, ended ?? 0)
      assert.isAtLeast(told ?? 0, 60_000)
    }).pipe(Effect.provide(layer))
  )

  it.effect("sends the last of several changes that wait", () =>
    Effect.gen(function* () {
      const program = Effect.gen(function* () {
        yield* saveContact("c-1", { name: "A" })
        yield* Effect.sleep(1)
        const second = yield* saveContact("c-1", { name: "Ad" })
        const third = yield* saveContact("c-1", { name: "Ada" })
        yield* Outbox.await(third)
        return tell(yield* Outbox.status(second))
      })
      const { exit, stats } = yield* Simulator.fastForward(program)
      assert.deepStrictEqual(exit, Exit.succeed("replaced by a later change"))
      assert.deepInclude(stats, { requests: 2, refusals: 0 })
    }).pipe(Effect.provide(layer))
  )
})

describe("routes", () => {
  it.live("answer at once that it is saved, where to look, and what is wrong with what is not", () =>
    Effect.gen(function* () {
      const http = yield* HttpClient.HttpClient
      const put = (body: unknown) => http.put("/contacts/c-1", { body: HttpBody.jsonUnsafe(body) })
      const saved = yield* put({ name: "Ada" })
      assert.strictEqual(saved.status, 202)
      const looked = yield* http.get(saved.headers["location"] ?? assert.fail("nowhere to look"))
      assert.include(yield* looked.text, "saved; ")
      assert.deepStrictEqual(yield* (yield* http.get("/delay")).json, { waiting: 1, until: null })
      assert.strictEqual((yield* put({ name: "" })).status, 422)
      assert.strictEqual((yield* http.get("/saved/nobody")).status, 404)
      assert.include(yield* (yield* http.get("/outbox")).text, "<title>Outbox</title>")
      // Each of the two pages leads to the other.
      for (const page of ["/outbox", "/limits"]) {
        const html = yield* (yield* http.get(page)).text
        for (const path of ["/outbox", "/limits"]) assert.include(html, `&quot;path&quot;:&quot;${path}&quot;`)
      }
      assert.include(yield* (yield* http.get("/outbox/tickets")).text, "contact c-1")
    }).pipe(
      Effect.provide(
        HttpRouter.serve(Layer.mergeAll(routes, Outbox.routes(), Dashboard.routes()), {
          disableLogger: true,
          disableListenLog: true
        }).pipe(
          Layer.provide(Outbox.layerSender()),
          Layer.provide([OutboxStoreSqlite.layer({ filename: ":memory:" }), RateLimiter.layer]),
          Layer.provideMerge(NodeHttpServer.layerTest)
        )
      )
    )
  )
})
