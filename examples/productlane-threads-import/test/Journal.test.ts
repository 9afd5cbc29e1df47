import { NodeServices } from "@effect/platform-node"
import { assert, describe, it } from "@effect/vitest"
import { Effect, FileSystem } from "effect"
import * as Journal from "../src/Journal.ts"

const place = Effect.flatMap(FileSystem.FileSystem, (files) =>
  Effect.map(files.makeTempDirectoryScoped(), (folder) => `${folder}/threads.jsonl.journal`)
)

describe("Journal", () => {
  it.effect("knows nothing before the first entry", () =>
    Effect.gen(function* () {
      assert.strictEqual((yield* Journal.read(yield* place)).size, 0)
    }).pipe(Effect.provide(NodeServices.layer))
  )

  it.effect("reads the last state of each thread, over several imports", () =>
    Effect.gen(function* () {
      const path = yield* place
      const first = yield* Journal.writer(path)
      yield* first({ id: "t-1", state: "sending" })
      yield* first({ id: "t-1", state: "made", thread: "thr_1" })
      yield* first({ id: "t-2", state: "sending" })
      const second = yield* Journal.writer(path)
      yield* second({ id: "t-2", state: "not made" })
      assert.deepStrictEqual(
        [...(yield* Journal.read(path))],
        [
          ["t-1", "made"],
          ["t-2", "not made"]
        ]
      )
    }).pipe(Effect.provide(NodeServices.layer))
  )

  it.effect("goes on after a last line that was cut off", () =>
    Effect.gen(function* () {
      const path = yield* place
      const files = yield* FileSystem.FileSystem
      yield* files.writeFileString(path, '\n{"id":"t-1","state":"made"}\n{"id":"t-2","sta')
      const journal = yield* Journal.writer(path)
      yield* journal({ id: "t-3", state: "made" })
      assert.deepStrictEqual([...(yield* Journal.read(path)).keys()], ["t-1", "t-3"])
    }).pipe(Effect.provide(NodeServices.layer))
  )
})
