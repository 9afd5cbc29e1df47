import { NodeServices } from "@effect/platform-node"
import { assert, describe, it } from "@effect/vitest"
import { RateLimiter } from "@sluice/core"
import { Productlane } from "@sluice/providers/productlane"
import { simulation } from "@sluice/providers/productlane/simulation"
import { Simulator } from "@sluice/simulator"
import { ConfigProvider, Deferred, Duration, Effect, Exit, FileSystem, Layer, Redacted } from "effect"
import { HttpClient, HttpClientError } from "effect/http"
import { TestConsole } from "effect/testing"
import * as Journal from "../src/Journal.ts"
import * as Live from "../src/Live.ts"
import * as ThreadsImport from "../src/ThreadsImport.ts"
import * as FilesInMemory from "./FilesInMemory.ts"

const server = Layer.mergeAll(
  Simulator.layer(simulation, { latency: { before: "20 millis", after: "20 millis" } }),
  NodeServices.layer,
  FilesInMemory.layer
)

/** Runs under the limits of one key, with something in front of the server if need be. */
const provided = (over: (client: HttpClient.HttpClient) => HttpClient.HttpClient = (client) => client) =>
  Effect.provide(
    Productlane.layer({ apiKey: Redacted.make("pl_v2_key") }).pipe(
      Layer.provideMerge(RateLimiter.layer),
      Layer.provide(Layer.effect(HttpClient.HttpClient, Effect.map(HttpClient.HttpClient, over)))
    )
  )

const requests = Effect.flatMap(Simulator.Simulator, ({ stats }) => Effect.map(stats, ({ requests }) => requests))

const row = (id: number) => ({ id: `t-${id}`, contact_email: "ada@example.com", text: `Idea ${id}` })

/** A file of these rows, and where its journal will be. */
const fileOf = Effect.fnUntraced(function* (rows: ReadonlyArray<unknown>) {
  const files = yield* FileSystem.FileSystem
  yield* files.writeFileString("threads.jsonl", rows.map((row) => JSON.stringify(row)).join("\n"))
  return { file: "threads.jsonl", journal: "threads.jsonl.journal" }
})

const made = (path: string) =>
  Effect.map(Journal.read(path), (states) => [...states.values()].filter((state) => state === "made").length)

describe("ThreadsImport.run", () => {
  it.effect("imports sixty a minute, none refused", () =>
    Effect.gen(function* () {
      const options = yield* fileOf(Array.from({ length: 130 }, (_, id) => row(id)))
      const { elapsed, exit, stats } = yield* Simulator.fastForward(ThreadsImport.run(options).pipe(provided()))
      assert.deepStrictEqual(exit, Exit.void)
      assert.strictEqual(stats.refusals, 0)
      assert.strictEqual(stats.quotas["productlane"]?.["writes"]?.counted, 130)
      assert.strictEqual(yield* made(options.journal), 130)
      assert.isAtLeast(Duration.toSeconds(elapsed), 130)
      assert.isBelow(Duration.toSeconds(elapsed), 140)
    }).pipe(Effect.provide(server))
  )

  it.effect("finishes the thread that it is sending when it is stopped, and goes on with the next", () =>
    Effect.gen(function* () {
      const options = yield* fileOf(Array.from({ length: 12 }, (_, id) => row(id)))
      const stop = yield* Deferred.make<void>()
      let sent = 0
      const stopped = ThreadsImport.run(options).pipe(
        provided(HttpClient.tapRequest(() => (++sent === 5 ? Deferred.succeed(stop, undefined) : Effect.void))),
        Effect.raceFirst(Deferred.await(stop))
      )
      yield* Simulator.fastForward(stopped)
      assert.strictEqual(yield* made(options.journal), 5)
      yield* Simulator.fastForward(ThreadsImport.run(options).pipe(provided()))
      assert.strictEqual(yield* made(options.journal), 12)
      assert.strictEqual(yield* requests, 12)
    }).pipe(Effect.provide(server))
  )

  it.effect("never sends again what may have been made, and says so", () =>
    Effect.gen(function* () {
      const options = yield* fileOf([row(1), row(2), row(3)])
      let sent = 0
      const cut = (client: HttpClient.HttpClient) =>
        HttpClient.transform(client, (answer, request) =>
          Effect.flatMap(answer, (response) =>
            ++sent === 2
              ? Effect.fail(
                  new HttpClientError.HttpClientError({ reason: new HttpClientError.TransportError({ request }) })
                )
              : Effect.succeed(response)
          )
        )
      const { exit } = yield* Simulator.fastForward(ThreadsImport.run(options).pipe(provided(cut)))
      assert.isTrue(Exit.isFailure(exit))
      yield* Simulator.fastForward(ThreadsImport.run(options).pipe(provided()))
      assert.strictEqual(yield* requests, 3)
      assert.deepStrictEqual(yield* TestConsole.logLines, [
        "1 of 3, 1 a minute, 1s left",
        "line 2: t-2 was sent, but no answer came: look whether it is there",
        "1 of 1",
        "1 imported, 1 rejected, 1 imported before"
      ])
    }).pipe(Effect.provide(server))
  )

  it.effect("tells the line and the reason of what is rejected, and imports the rest", () =>
    Effect.gen(function* () {
      const options = yield* fileOf([row(1), { id: "t-2", text: "Idea" }, { ...row(3), text: "" }, row(1), row(4)])
      yield* Simulator.fastForward(ThreadsImport.run(options).pipe(provided()))
      assert.deepStrictEqual(yield* TestConsole.logLines, [
        'line 2: Missing key at ["contact_email"]',
        "line 4: t-1 is the id of line 1 already",
        "line 3: text required",
        "3 of 3",
        "2 imported, 3 rejected, 0 imported before"
      ])
    }).pipe(Effect.provide(server))
  )
})

const live = Effect.provide(
  Live.layer.pipe(
    Layer.provideMerge(RateLimiter.layer),
    Layer.provide(ConfigProvider.layer(ConfigProvider.fromUnknown({ PRODUCTLANE_API_KEY: "pl_v2_key" })))
  )
)

describe("ThreadsImport.preview", () => {
  it.effect("says what would be imported, and can do so with --live", () =>
    Effect.gen(function* () {
      const options = yield* fileOf([row(1), row(2), {}])
      const { exit } = yield* Simulator.fastForward(ThreadsImport.preview(options).pipe(live))
      assert.deepStrictEqual(exit, Exit.void)
      assert.deepStrictEqual(yield* TestConsole.logLines, [
        'line 3: Missing key at ["id"]',
        "480 threads are there, of which 0 came from this file.",
        "2 more would be imported, in 1s, and 1 rejected."
      ])
    }).pipe(Effect.provide(server))
  )
})

describe("Live.layer", () => {
  it.effect("lets no import through", () =>
    Effect.gen(function* () {
      const options = yield* fileOf([row(1)])
      const { exit } = yield* Simulator.fastForward(ThreadsImport.run(options).pipe(live))
      assert.isTrue(Exit.hasDies(exit))
      assert.strictEqual(yield* requests, 0)
    }).pipe(Effect.provide(server))
  )
})
