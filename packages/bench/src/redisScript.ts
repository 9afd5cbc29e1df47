/**
 * What the script costs beside the cheapest there is: acquisitions a second against EVALSHA of `return 1`, on the same
 * server in the same run, as a library and evaluated; and the memory of a logged request. Needs a Redis: `REDIS_URL`, by
 * default the one on 6379. `SLUICE_WAY=FCALL` leaves out what is evaluated.
 */
import { Claim, Quota, Signal } from "@sluice/core"
import { Call } from "@sluice/core/redis/Call"
import { libraryOf, script } from "@sluice/core/redis/lua/Script"
import { createClient } from "redis"

const client = createClient({ url: process.env["REDIS_URL"] ?? "redis://127.0.0.1:6379" })
await client.connect()
const [one, evaluated] = [await client.scriptLoad("return 1"), await client.scriptLoad(script)]
const library = await client.sendCommand<string>(["FUNCTION", "LOAD", "REPLACE", libraryOf("sluice_bench")])

type Way = "FCALL" | "EVALSHA"
const seconds = Number(process.env["SLUICE_SECONDS"] ?? 3)
const ways: ReadonlyArray<Way> = process.env["SLUICE_WAY"] === "FCALL" ? ["FCALL"] : ["FCALL", "EVALSHA"]
const prefix = `bench:${process.pid}`
const optionsOf = (way: Way) =>
  ({
    layout: { prefix: `${prefix}:${way}`, tagBy: "partition" },
    abandonMillis: 60_000,
    maxPauseMillis: undefined
  }) as const

/** Microseconds of processor time that the server's main thread has used. */
const serverMicros = async () => {
  const fields = (await client.info("cpu")).matchAll(/used_cpu_(?:sys|user)_main_thread:([\d.]+)/g)
  return 1e6 * [...fields].reduce((sum, [, seconds]) => sum + Number(seconds), 0)
}

/**
 * Runs so many loops side by side; gives calls a second. Beside them it says what a call takes: as the server counts its
 * commands, and in processor time of the server and of this client, which a busy machine disturbs less.
 */
const measure = async (name: string, loops: number, call: (loop: number, turn: number) => Promise<unknown>) => {
  await client.sendCommand(["CONFIG", "RESETSTAT"])
  const [serverBefore, clientBefore] = [await serverMicros(), process.cpuUsage()]
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
  const { system, user } = process.cpuUsage(clientBefore)
  const [server, own] = [(await serverMicros()) - serverBefore, system + user].map((micros) =>
    (micros / calls).toFixed(1)
  )
  const stats = await client.info("commandstats")
  const micros = Number(/cmdstat_(?:evalsha|fcall):.*?usec_per_call=([\d.]+)/.exec(stats)?.[1])
  console.log(
    `${name.padEnd(46)} ${String(loops).padStart(3)} loops ${Math.round(calls / seconds)}/s ${micros} us, server ${server} us, client ${own} us`
  )
  return calls / seconds
}

const run = (way: Way, { args, keys }: Call) => {
  const name = way === "FCALL" ? library : evaluated
  return client.sendCommand<ReadonlyArray<string>>([way, name, String(keys.length), ...keys, ...args])
}

/** Each call ends the loop's lease before and wants another: one command a request. */
const acquire = (way: Way, claim: Claim.Claim) => {
  const options = optionsOf(way)
  return (loop: number, turn: number) => {
    const call = new Call(options)
    if (turn > 0) call.end(claim, `${loop}:${turn - 1}`, 1, "answered", Signal.none)
    return run(way, call.want(claim, `${loop}:${turn}`, 1, 60_000))
  }
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
  const most = await measure("return 1", loops, () => client.sendCommand(["EVALSHA", one, "0"]))
  for (const [name, claim] of Object.entries(claims)) {
    for (const way of ways) {
      const rate = await measure(`${name}, ${way}`, loops, acquire(way, claim))
      console.log(`${"".padEnd(46)} ${Math.round((100 * rate) / most)} % of return 1`)
    }
  }
}

const options = optionsOf("FCALL")

/** Fills a quota for the two windows that are logged, and asks Redis what that takes, keys and all. */
for (const limit of [1000, 100_000]) {
  const units = limit / 1000
  const claim = Claim.make({
    partition: `memory ${limit}`,
    needs: [Claim.need(Quota.rolling(limit, "1 hour", { slack: 0, rateMargin: 0 }), { cost: units })]
  })
  const count = 2000
  // A slot is free again an hour after its answer, which comes with the next request, or at the end of its thousandth.
  const everyMillis = limit > 1000 ? 3608 : 3604
  for (let i = 0; i <= count; i++) {
    const call = new Call({ ...options, at: i * everyMillis })
    if (i > 0) call.end(claim, `${i - 1}`, 1, "answered", Signal.none)
    await run("FCALL", i < count ? call.want(claim, `${i}`, 1, 3e6) : call)
  }
  const { keys } = new Call(options).look(claim)
  const sizes = await Promise.all(keys.map((key) => client.memoryUsage(key)))
  const bytes = sizes.reduce<number>((sum, size) => sum + (size ?? 0), 0)
  const each = (bytes / (count * units)).toFixed(2)
  console.log(`${limit} an hour, used in full: ${bytes} bytes, ${each} a logged request`)
}
await client.flushDb()
await client.close()
