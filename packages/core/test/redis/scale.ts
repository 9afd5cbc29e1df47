/**
 * What many workers on one key get and cost, in virtual time on a real Redis, and what memory many keys take:
 *
 *     npm run scaling
 *     npm run --silent scaling -- --json
 */
import { Claim, Quota, Signal } from "@sluice/core"
import { Call } from "@sluice/core/redis/Call"
import { script } from "@sluice/core/redis/lua/Script"
import { Effect } from "effect"
import { cpus } from "node:os"
import { createClient } from "redis"
import { RedisUrl } from "./RedisServer.ts"
import { measure, type Result, type Setting } from "./Scaling.ts"

const isJson = process.argv.includes("--json")
const isTerminal = process.stderr.isTTY === true && !process.env["CI"]
const roundTripMillis = 1

const settings: ReadonlyArray<Setting> = (
  [
    ["10 a second", Quota.rolling(10, "1 second"), 1, 1, 30_000],
    ["1 000 a second", Quota.rolling(1000, "1 second"), 8, 200, 5000],
    ["1 000 a second", Quota.rolling(1000, "1 second"), 100, 20, 5000],
    ["10 000 a second", Quota.rolling(10_000, "1 second"), 1000, 20, 3500],
    ["1 000 a minute", Quota.rolling(1000, "1 minute"), 1000, 3, 200_000]
  ] as const
).map(([name, quota, workers, callers, untilMillis]) => ({
  name,
  claim: Claim.of(quota),
  workers,
  callers,
  untilMillis,
  roundTripMillis
}))

const bar = (name: string) => (done: number) => {
  if (!isTerminal) return
  const full = Math.round(30 * Math.min(1, done))
  process.stderr.write(`\r\u001b[2K${"█".repeat(full)}${"░".repeat(30 - full)} ${name}`)
}

/** Bytes a key, all that Redis needs for it included: after one request that was answered, and with its window full. */
const memory = (url: string) =>
  Effect.promise(async () => {
    const client = await createClient({ url }).connect()
    const sha = await client.scriptLoad(script)
    const options = {
      layout: { prefix: `scaling:${process.pid}:keys`, tagBy: "partition" },
      abandonMillis: 60_000
    } as const
    const used = async () => Number(/used_memory:(\d+)/.exec(await client.info("memory"))?.[1])
    const filled = async (name: string, keys: number, requests: number) => {
      const quota = Quota.rolling(100, "1 minute")
      const before = await used()
      for (let i = 0; i < requests; i++) {
        for (let from = 0; from < keys; from += 1000) {
          await Promise.all(
            Array.from({ length: Math.min(1000, keys - from) }, (_, k) => {
              const claim = Claim.make({
                origin: "https://api.example.com",
                partition: `${name}${from + k}`,
                needs: [Claim.need(quota)]
              })
              const wanted = new Call({ ...options, maxPauseMillis: undefined, at: 600 * i }).want(
                claim,
                `${i}`,
                1,
                60_000
              )
              const ended = new Call({ ...options, maxPauseMillis: undefined, at: 600 * i + 1 })
              ended.end(claim, `${i}`, 1, "answered", Signal.none)
              return Promise.all(
                [wanted, ended].map((call) =>
                  client.sendCommand(["EVALSHA", sha, String(call.keys.length), ...call.keys, ...call.args])
                )
              )
            })
          )
        }
      }
      return ((await used()) - before) / keys
    }
    const fresh = await filled("fresh", 10_000, 1)
    const full = await filled("full", 300, 100)
    const keys = await client.keys(`scaling:${process.pid}:keys:*`)
    for (let i = 0; i < keys.length; i += 1000) await client.del(keys.slice(i, i + 1000))
    await client.close()
    return { fresh: Math.round(fresh), full: Math.round(full) }
  })

const row = (cells: ReadonlyArray<string>) =>
  console.log(cells.map((cell, i) => (i === 0 ? cell.padEnd(18) : cell.padStart(12))).join(""))
const shown = (result: Result) =>
  row([
    result.name,
    String(result.workers),
    String(result.requests),
    `${(100 * result.share).toFixed(1)} %`,
    result.callsPerSecond.toFixed(0),
    result.callsPerRequest.toFixed(2),
    `${result.lateMillis.p99.toFixed(0)} ms`,
    `${result.lateMillis.most.toFixed(0)} ms`,
    `${result.cpuMicrosPerCall.toFixed(0)} us`,
    String(result.bytes),
    String(result.longestLine)
  ])

const main = Effect.gen(function* () {
  const url = yield* RedisUrl
  if (!isJson) {
    console.log(
      `Node ${process.version}, ${cpus().length} x ${cpus()[0]?.model}; ${roundTripMillis} ms to Redis and back`
    )
    row([
      "",
      "workers",
      "requests",
      "share",
      "calls/s",
      "a request",
      "late, p99",
      "at most",
      "Redis CPU",
      "bytes",
      "line"
    ])
  }
  const results: Array<Result> = []
  for (const setting of settings) {
    const result = yield* Effect.scoped(measure(url, setting, bar(`${setting.name}, ${setting.workers} workers`)))
    if (isTerminal) process.stderr.write("\r\u001b[2K")
    results.push(result)
    if (!isJson) shown(result)
  }
  const bytes = yield* memory(url)
  if (isJson)
    console.log(JSON.stringify({ node: process.version, cpu: cpus()[0]?.model, roundTripMillis, results, bytes }))
  else console.log(`a key: ${bytes.fresh} bytes after one request, ${bytes.full} with 100 logged`)
})

await Effect.runPromise(Effect.provide(main, RedisUrl.layer))
