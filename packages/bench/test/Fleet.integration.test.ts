import { execFile, spawn } from "node:child_process"
import { fileURLToPath } from "node:url"
import { promisify } from "node:util"
import { NodeServices } from "@effect/platform-node"
import { assert, describe, it } from "@effect/vitest"
import * as Exact from "@sluice/bench/fleet/Exact"
import * as Fleet from "@sluice/bench/fleet/Fleet"
import * as Peers from "@sluice/bench/fleet/Peers"
import * as Plan from "@sluice/bench/fleet/Plan"
import * as Progress from "@sluice/bench/fleet/Progress"
import * as Redis from "@sluice/bench/fleet/Redis"
import * as Judges from "@sluice/bench/judges/Judges"
import { Effect } from "effect"

const main = fileURLToPath(new URL("../src/fleet.ts", import.meta.url))
const args = ["--conditions=@sluice/source", main]

const isMissing =
  process.env["REDIS_URL"] === undefined &&
  ["redis-server", "valkey-server"].every((name) => Judges.missing({ binary: { name, package: name } }) !== undefined)

describe("Exact", () => {
  it("knows how many calls can be accepted at most, which is one limit a window from the start on", () => {
    const quota = { limit: 100, windowMillis: 1000 }
    assert.deepStrictEqual(
      [9, 10, 1009, 1010, 10_000].map((millis) => Exact.mostDone(quota, millis)),
      [0, 100, 100, 200, 1000]
    )
  })
})

describe("Plan", () => {
  it("lets the peers take turns, another one first in each repeat", () => {
    const [first, second] = Peers.peers
    assert(first !== undefined && second !== undefined)
    const [measure] = Plan.full
    assert(measure !== undefined)
    assert.deepStrictEqual(
      Plan.tasks([measure], [first, second], 2).map(({ peer }) => peer.id),
      [first.id, second.id, second.id, first.id]
    )
  })
})

describe("Progress", () => {
  it("draws the whole and the present run, not wider than the terminal", () => {
    const title = "Sluice: 100 a second, 8 workers"
    const state = {
      tasks: 4,
      expectedMillis: 40_000,
      begun: 2,
      title,
      overMillis: 10_000,
      beganAt: 0,
      presentMillis: 10_000
    }
    assert.deepStrictEqual(Progress.bars(state, 5000, 56), [
      "██████░░░░░░░░░░ 2/4, 25.00 s left",
      "████████░░░░░░░░ Sluice: 100 a second, 8 workers"
    ])
    assert.deepStrictEqual(
      Progress.bars(state, 90_000, 20).map(({ length }) => length),
      [20, 20]
    )
  })
})

describe.skipIf(isMissing && !Judges.isStrict())("bench:redis", () => {
  const measureOf = (id: string) => {
    const measure = Plan.quick.find((measure) => measure.id === id)
    assert(measure !== undefined)
    return measure
  }
  const silent = { mode: "silent", color: false } as const

  it.live(
    "shares a quota between two processes by each peer, of which Sluice is never refused",
    () =>
      Effect.gen(function* () {
        const redis = yield* Redis.start
        const measures = [{ ...measureOf("saturation-100"), millis: 1500 }]
        const rows = yield* Fleet.run({ measures, peers: Peers.peers, repeats: 1 }, redis, silent)
        assert.strictEqual(rows.length, Peers.peers.length)
        for (const { failures, figures, peer } of rows) {
          assert.deepStrictEqual(failures, [])
          assert.isAbove(figures["accepted"]?.median ?? 0, 20)
          assert.isAtMost(figures["share"]?.median ?? 2, 1)
          // One for each request at least, less what was under way at the end.
          assert.isAbove(figures["commands"]?.median ?? 0, 0)
          if (peer.id === "sluice") assert.strictEqual(figures["refusals"]?.median, 0)
        }
      }).pipe(Effect.scoped, Effect.provide(NodeServices.layer)),
    90_000
  )

  it.live("finds a run's keys in Redis, and forgets them", () =>
    Effect.gen(function* () {
      const redis = yield* Redis.start
      const peers = Peers.peers.filter(({ id }) => id === "effect")
      const [row] = yield* Fleet.run({ measures: [measureOf("memory")], peers, repeats: 1 }, redis, silent)
      assert.isAbove(row?.figures["bytes"]?.median ?? 0, 50)
      assert.strictEqual(yield* redis.bytes("sluice-bench:"), 0)
    }).pipe(Effect.scoped, Effect.provide(NodeServices.layer))
  )

  it.each(["SIGINT", "SIGKILL"] as const)(
    "leaves no process behind after %s",
    async (signal) => {
      const bench = spawn(process.execPath, [...args, "--only", "saturation-100,sluice"], { stdio: "ignore" })
      const children = async () => {
        const { stdout } = await promisify(execFile)("ps", ["-eo", "pid=,ppid="])
        const lines = stdout.split("\n").map((line) => line.trim().split(/\s+/).map(Number))
        return lines.flatMap(([pid = 0, parent]) => (parent === bench.pid ? [pid] : []))
      }
      try {
        // The server, a worker, and the Redis unless it is somebody else's.
        const all = process.env["REDIS_URL"] === undefined ? 3 : 2
        await until(async () => (await children()).length >= all)
        const pids = await children()
        assert.isAtLeast(pids.length, all)
        bench.kill(signal)
        await until(async () => !pids.some(isAlive))
        assert.deepStrictEqual(pids.filter(isAlive), [])
      } finally {
        bench.kill("SIGKILL")
      }
    },
    60_000
  )
})

const until = async (isSo: () => Promise<boolean>) => {
  for (let i = 0; i < 100 && !(await isSo()); i++) await new Promise((resolve) => setTimeout(resolve, 100))
}

const isAlive = (pid: number) => {
  try {
    return process.kill(pid, 0)
  } catch {
    return false
  }
}

describe("bench:redis without a Redis", () => {
  it("says so in a line and exits with 1", async () => {
    const { REDIS_URL: _, ...env } = process.env
    const failed = await promisify(execFile)(process.execPath, args, { env: { ...env, PATH: "" } }).then(
      () => undefined,
      (error: { readonly code: number; readonly stdout: string; readonly stderr: string }) => error
    )
    assert(failed !== undefined)
    assert.strictEqual(failed.code, 1)
    assert.include(`${failed.stdout}${failed.stderr}`, "There is no Redis")
    assert.notInclude(`${failed.stdout}${failed.stderr}`, "    at ")
  }, 30_000)
})
