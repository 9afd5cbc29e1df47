import { existsSync } from "node:fs"
import { NodeServices } from "@effect/platform-node"
import { assert, describe, it } from "@effect/vitest"
import type { Judge, Program } from "@sluice/bench/judges/Judge"
import * as Judges from "@sluice/bench/judges/Judges"
import * as ServerProcess from "@sluice/bench/judges/ServerProcess"
import { Effect, Exit, Scope } from "effect"

const [some] = Judges.judges
const judgeOf = (script: string, onStart: (place: { readonly folder: string }) => void = () => {}): Judge => {
  if (some === undefined) throw new Error("There are judges.")
  const { binary: _, ...judge } = some
  return {
    ...judge,
    title: "A judge",
    program: (place): Program => {
      onStart(place)
      return { command: process.execPath, args: ["server.mjs", String(place.port)], files: { "server.mjs": script } }
    }
  }
}

/** Says of itself where it is. */
const script = `import { createServer } from "node:http"
process.on("SIGTERM", () => console.log("not yet"))
createServer((_, response) => response.end(process.cwd() + " " + process.pid)).listen(process.argv[2], "127.0.0.1")`

const isAlive = (pid: number) => {
  try {
    return process.kill(pid, 0)
  } catch {
    return false
  }
}

describe("ServerProcess", () => {
  it.live("runs in a folder of its own, and is gone with it when the scope closes, even if it would rather not", () =>
    Effect.gen(function* () {
      const scope = yield* Scope.make()
      const url = yield* Scope.provide(ServerProcess.start(judgeOf(script)), scope)
      const text = yield* Effect.promise(() => fetch(url).then((response) => response.text()))
      const [folder = "", pid = ""] = text.split(" ")
      assert.deepStrictEqual([existsSync(folder), isAlive(Number(pid))], [true, true])
      yield* Scope.close(scope, Exit.fail("whatever"))
      assert.deepStrictEqual([existsSync(folder), isAlive(Number(pid))], [false, false])
    }).pipe(Effect.provide(NodeServices.layer))
  )

  it.live("says what a server printed that ends before it listens, after a second and a third try", () =>
    Effect.gen(function* () {
      const folders: Array<string> = []
      const judge = judgeOf("console.error('no such limit'); process.exit(3)", ({ folder }) => folders.push(folder))
      const { message } = yield* Effect.flip(ServerProcess.start(judge))
      assert.strictEqual(message, "A judge: ended with 3 before it listened. no such limit")
      assert.lengthOf(new Set(folders), 3)
    }).pipe(Effect.scoped, Effect.provide(NodeServices.layer))
  )

  it.live("says what is missing", () =>
    Effect.gen(function* () {
      const judge = { ...judgeOf(""), binary: { name: "nowhere-to-be-found", package: "a-package" } }
      const { message } = yield* Effect.flip(ServerProcess.start(judge))
      assert.strictEqual(message, "A judge: there is no nowhere-to-be-found on the path (Debian has it in a-package).")
    }).pipe(Effect.scoped, Effect.provide(NodeServices.layer))
  )
})
