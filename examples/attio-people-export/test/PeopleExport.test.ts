import { NodeServices } from "@effect/platform-node"
import { assert, describe, it } from "@effect/vitest"
import { RateLimiter } from "@sluice/core"
import { Attio } from "@sluice/providers/attio"
import { simulation } from "@sluice/providers/attio/simulation"
import { Simulator } from "@sluice/simulator"
import { ConfigProvider, Duration, Effect, Exit, FileSystem, Layer, Redacted, Sink, Stream } from "effect"
import { TestConsole } from "effect/testing"
import * as Live from "../src/Live.ts"
import * as PeopleExport from "../src/PeopleExport.ts"

const layer = Attio.layer({ apiKey: Redacted.make("key"), partition: "acme" }).pipe(
  Layer.provide(RateLimiter.layer),
  Layer.provideMerge(Simulator.layer(simulation, { latency: { before: "1 millis", after: "1 millis" } })),
  Layer.provideMerge(NodeServices.layer)
)

/** Virtual time does not wait for a disk: what writes to one runs in real time, and what is timed writes nowhere. */
const nowhere = FileSystem.layerNoop({
  sink: () => Sink.drain,
  rename: () => Effect.void,
  remove: () => Effect.void
})

const folder = Effect.flatMap(FileSystem.FileSystem, (files) => files.makeTempDirectoryScoped())

const linesOf = (file: string) =>
  Effect.flatMap(FileSystem.FileSystem, (files) =>
    files.stream(file).pipe(Stream.decodeText(), Stream.splitLines, Stream.runCollect)
  )

describe("PeopleExport.run", () => {
  it.effect("reads a hundred pages a second, none refused", () =>
    Effect.gen(function* () {
      const { elapsed, exit, stats } = yield* Simulator.fastForward(PeopleExport.run({ file: "", pageSize: 5 }))
      assert.deepStrictEqual(exit, Exit.void)
      assert.strictEqual(stats.requests, 241)
      assert.strictEqual(stats.refusals, 0)
      assert.isAtLeast(Duration.toSeconds(elapsed), 2)
      assert.isBelow(Duration.toSeconds(elapsed), 3.5)
    }).pipe(Effect.provide([layer, nowhere]))
  )

  it.live("writes everybody", () =>
    Effect.gen(function* () {
      const file = `${yield* folder}/people.jsonl`
      yield* PeopleExport.run({ file, pageSize: 500 })
      const lines = yield* linesOf(file)
      assert.strictEqual(new Set(lines.map((line) => JSON.parse(line).id.record_id)).size, 1200)
    }).pipe(Effect.provide([layer, TestConsole.layer]))
  )

  it.live("leaves the last export alone when Attio fails", () =>
    Effect.gen(function* () {
      const files = yield* FileSystem.FileSystem
      const path = yield* folder
      yield* files.writeFileString(`${path}/people.jsonl`, "yesterday's\n")
      // More than Attio gives.
      const exit = yield* Effect.exit(PeopleExport.run({ file: `${path}/people.jsonl`, pageSize: 501 }))
      assert.isTrue(Exit.isFailure(exit))
      assert.deepStrictEqual(yield* linesOf(`${path}/people.jsonl`), ["yesterday's"])
      assert.deepStrictEqual(yield* files.readDirectory(path), ["people.jsonl"])
    }).pipe(Effect.provide([layer, TestConsole.layer]))
  )
})

describe("Live.layer", () => {
  it.effect("lets reads through and nothing else", () =>
    Effect.gen(function* () {
      const client = yield* Attio.Client
      yield* client.get("/v2/self")
      yield* client.post("/v2/objects/people/records/query")
      assert.isTrue(Exit.hasDies(yield* Effect.exit(client.post("/v2/objects/people/records"))))
      assert.isTrue(Exit.hasDies(yield* Effect.exit(client.del("/v2/objects/people/records/1"))))
      assert.strictEqual((yield* Effect.flatMap(Simulator.Simulator, ({ stats }) => stats)).requests, 2)
    }).pipe(
      Effect.provide(
        Live.layer.pipe(
          Layer.provide(RateLimiter.layer),
          Layer.provideMerge(Simulator.layer(simulation)),
          Layer.provide(ConfigProvider.layer(ConfigProvider.fromUnknown({ ATTIO_API_KEY: "key" })))
        )
      )
    )
  )
})
