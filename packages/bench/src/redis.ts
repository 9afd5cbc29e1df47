/**
 * What the script costs beside the cheapest there is: acquisitions a second against EVALSHA of `return 1`, on the same
 * server in the same run, and the memory of a logged request. Needs a Redis: `REDIS_URL`, by default the one on 6379.
 */
import { Claim, Quota, Signal } from "@sluice/core"
import { Call } from "@sluice/core/redis/Call"
import { script } from "@sluice/core/redis/lua/Script"
import { createClient } from "redis"

const client = createClient({ url: process.env["REDIS_URL"] ?? "redis://127.0.0.1:6379" })
await client.connect()
const [one, sluice] = [await client.scriptLoad("return 1"), await client.scriptLoad(script)]

const seconds = Number(process.env["SLUICE_SECONDS"] ?? 3)
const prefix = `bench:${process.pid}`
const options = { layout: { prefix, tagBy: "partition" }, abandonMillis: 60_000, maxPauseMillis: undefined } as const

/** Runs so many loops side by side; gives calls a second, and microseconds a call as the server counts them. */
const measure = async (name: string, loops: number, call: (loop: number, turn: number) => Promise<unknown>) => {
  await client.sendCommand(["CONFIG", "RESETSTAT"])
  const endsAt = performance.now() + seconds * 1000
  let calls = 0
  await Promise.all(
    Array.from({ length: loops }, async (_, loop) => {
      for (let turn = 0; performance.now() < endsAt; turn++) {
        await call(loop, turn)
        calls++
      }
    })
  )
  const stats = await client.info("commandstats")
  const micros = Number(/cmdstat_evalsha:.*?usec_per_call=([\d.]+)/.exec(stats)?.[1])
  console.log(`${name.padEnd(46)} ${String(loops).padStart(3)} loops ${Math.round(calls / seconds)}/s ${micros} us`)
  return calls / seconds
}

const evaluate = (sha: string, call?: Call) => {
  const { args = [], keys = [] } = call ?? {}
  return client.sendCommand<ReadonlyArray<string>>(["EVALSHA", sha, String(keys.length), ...keys, ...args])
}

/** Each call ends the loop's lease before and wants another: one command a request. */
const acquire = (claim: Claim.Claim) => (loop: number, turn: number) => {
  const call = new Call(options)
  if (turn > 0) call.end(claim, `${loop}:${turn - 1}`, 1, "answered", Signal.none)
  return evaluate(sluice, call.want(claim, `${loop}:${turn}`, 1, 60_000))
}

const named = (partition: string, ...quotas: ReadonlyArray<Quota.Quota>) =>
  Claim.make({ partition, needs: quotas.map((quota) => Claim.need(quota)) })
const claims = {
  "rolling 1000 per 10 ms": named("a", Quota.rolling(1000, 10)),
  "rolling 1000 per 1 s, saturated": named("b", Quota.rolling(1000, 1000)),
  "fixed by the clock, 1000 per 10 ms": named("c", Quota.fixed(1000, 10, { phase: "clock" })),
  "token bucket of 1000": named("d", Quota.tokenBucket({ capacity: 1000, refill: 1000, every: 10 })),
  "sliding counter, 20 per 1 s, saturated": named("e", Quota.slidingCounter(20, 1000)),
  "three windows": named("f", Quota.rolling(1000, 10), Quota.rolling(5000, 60), Quota.rolling(9000, 100))
}

for (const loops of [1, 50]) {
  const most = await measure("return 1", loops, () => evaluate(one))
  for (const [name, claim] of Object.entries(claims)) {
    const rate = await measure(name, loops, acquire(claim))
    console.log(`${"".padEnd(46)} ${Math.round((100 * rate) / most)} % of return 1`)
  }
}

/** Fills a quota and asks Redis what that takes, keys, books and all. */
for (const limit of [1000, 10_000, 100_000]) {
  const claim = named(`memory ${limit}`, Quota.rolling(limit, "1 hour"))
  const logged = Math.min(limit, 1000)
  for (let i = 0; i < logged; i++) {
    const at = Date.now() + (i * 3_600_000) / logged
    await evaluate(sluice, new Call({ ...options, at }).want(claim, `${i}`, 1, 3e6))
    await evaluate(sluice, new Call({ ...options, at }).end(claim, `${i}`, 1, "answered", Signal.none))
  }
  const { keys } = new Call(options).look(claim)
  const sizes = await Promise.all(keys.map((key) => client.memoryUsage(key)))
  const bytes = sizes.reduce<number>((sum, size) => sum + (size ?? 0), 0)
  console.log(
    `${limit} logged at ${logged} instants: ${bytes} bytes, ${(bytes / logged).toFixed(1)} an entry (${sizes.join(" + ")})`
  )
}
await client.flushDb()
await client.close()
