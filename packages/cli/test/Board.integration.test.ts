import { spawn } from "node:child_process"
import { rm } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { assert, describe, it } from "@effect/vitest"
import * as Board from "@sluice/cli/Board"
import * as ScaledClock from "@sluice/cli/ScaledClock"
import { Claim, Quota, RateLimiter, Signal } from "@sluice/core"
import { Clock, Effect } from "effect"

interface State {
  readonly quotas: Readonly<Record<string, { readonly closedUntil: number | null; readonly cooling: number }>>
  readonly happenings: ReadonlyArray<{ readonly kind: string; readonly until: number | null }>
}

const stateAt = (url: string) => Effect.promise(async () => (await (await fetch(`${url}/state`)).json()) as State)

describe("Board", () => {
  it.live("shows the limiters of several lanes, each in the machine's time", () =>
    Effect.gen(function* () {
      const board = yield* Board.make
      const refused = (partition: string, speed: number) =>
        Effect.gen(function* () {
          yield* board.show(speed)
          const claim = Claim.make({
            needs: [Claim.need(Quota.rolling(5, "1 minute", { name: "calls" }))],
            partition,
            origin: "acme"
          })
          const retry = { kind: "after", millis: 60_000, toleranceMillis: 0 } as const
          yield* RateLimiter.withPermit(Effect.void, claim, {
            decode: () => ({ ...Signal.none, isRefusal: true, retry })
          })
          yield* Effect.sleep("2 seconds")
        }).pipe(
          Effect.provide(RateLimiter.layer, { local: true }),
          Effect.provideService(Clock.Clock, ScaledClock.make(speed))
        )
      const before = Date.now()
      yield* Effect.all([refused("slow", 1), refused("quick", 10)], { concurrency: "unbounded" })
      yield* Effect.sleep("300 millis")
      const { happenings, quotas } = yield* stateAt(board.url)
      const leftOf = (at: number | null | undefined) => Math.round(((at ?? 0) - before) / 1000)
      assert.strictEqual(leftOf(quotas["acme|slow|calls|"]?.closedUntil), 60)
      assert.strictEqual(leftOf(quotas["acme|quick|calls|"]?.closedUntil), 6)
      assert.deepStrictEqual(
        happenings
          .filter(({ kind }) => kind === "paused")
          .map(({ until }) => leftOf(until))
          .toSorted((a, b) => a - b),
        [6, 60]
      )
    }).pipe(Effect.scoped)
  )
})

describe("sluice demo --dashboard", () => {
  it.live("says where its limits are shown, shows them while it runs, and prints one document all the same", () =>
    Effect.gen(function* () {
      const main = fileURLToPath(new URL("../src/main.ts", import.meta.url))
      const report = join(tmpdir(), `sluice-board-${process.pid}.html`)
      yield* Effect.addFinalizer(() => Effect.promise(() => rm(report, { force: true })))
      const args = ["demo", "attio", "--calls", "250", "--budget", "1", "--json", "--dashboard", "--report", report]
      const child = yield* Effect.acquireRelease(
        Effect.sync(() => spawn(process.execPath, ["--conditions=@sluice/source", main, ...args], { stdio: "pipe" })),
        (child) => Effect.sync(() => child.kill("SIGKILL"))
      )
      const said = { out: "", err: "" }
      child.stdout.on("data", (text: Buffer) => (said.out += text.toString()))
      child.stderr.on("data", (text: Buffer) => (said.err += text.toString()))
      const ended = new Promise<number | null>((resolve) => child.on("close", resolve))
      const url = yield* Effect.sync(() => /http:\S+/.exec(said.err)?.[0]).pipe(
        Effect.delay("50 millis"),
        Effect.repeat({ until: (url) => url !== undefined }),
        Effect.timeout("20 seconds")
      )
      const seen = yield* stateAt(url ?? "").pipe(
        Effect.delay("50 millis"),
        Effect.repeat({ until: ({ quotas }) => Object.values(quotas).some(({ cooling }) => cooling > 0) })
      )
      assert.match(Object.keys(seen.quotas)[0] ?? "", /^attio\|[0-9a-f]+\|reads\|$/)
      assert.strictEqual(yield* Effect.promise(() => ended), 0)
      assert.isTrue((JSON.parse(said.out) as { readonly isNeverRefused: boolean }).isNeverRefused)
    }).pipe(Effect.scoped)
  )
})
