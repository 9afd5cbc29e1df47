/** `npm run mutate`: takes away each safeguard of `Admission` and of the books in Redis, one at a time, and shows which test misses it. */
import { spawn } from "node:child_process"
import { readFileSync } from "node:fs"
import { availableParallelism } from "node:os"
import { type Mutation, mutations as ofAdmission } from "./Mutations.ts"
import { hasRedis, type RedisMutation, redisMutations } from "./RedisMutations.ts"
import { type RoomMutation, roomMutations } from "./RoomMutations.ts"

/** In the order in which `config.ts` counts them. */
const mutations: ReadonlyArray<Chosen> = [...ofAdmission, ...roomMutations, ...redisMutations]

type Chosen = Mutation | RoomMutation | RedisMutation

interface Fate {
  readonly mutation: Mutation
  /** The first test that failed; nothing if all passed. */
  readonly killedBy: string | undefined
  readonly suites: string
}

/** First the suite that is to miss it, then all. */
const suitesOf = (mutation: Chosen): readonly [string, string] =>
  "suite" in mutation ? [mutation.suite, needsRedis(mutation) ? "redis" : "long"] : ["quick", "long"]

const needsRedis = (mutation: Chosen): boolean => "suite" in mutation && mutation.suite !== "room"

/** Longer than the suites ever take: what has not ended by then never will. */
const patienceMillis = (suites: string) => (suites === "long" ? 600_000 : 120_000)

/** Runs suites over a mutated source, and gives the first test that failed. */
const failing = (index: number, suites: string): Promise<string | undefined> =>
  new Promise((resolve, reject) => {
    const child = spawn("npx", ["vitest", "run", "--config", new URL("./config.ts", import.meta.url).pathname], {
      env: { ...process.env, SLUICE_MUTATION: String(index), SLUICE_SUITES: suites },
      stdio: ["ignore", "pipe", "pipe"],
      // A group of its own, that ends as a whole: a worker in an endless loop hears nothing.
      detached: true
    })
    const end = (result: string | undefined) => {
      clearTimeout(timer)
      if (child.pid !== undefined && child.exitCode === null) process.kill(-child.pid, "SIGKILL")
      resolve(result)
    }
    const timer = setTimeout(
      () => end(`does not end within ${patienceMillis(suites) / 1000} s`),
      patienceMillis(suites)
    )
    let out = ""
    child.stdout.on("data", (chunk: Buffer) => {
      out += chunk.toString()
      const failed = /^FAILED (.*)\n/m.exec(out)?.[1]
      if (failed !== undefined) end(failed)
    })
    child.stderr.on("data", (chunk: Buffer) => (out += chunk.toString()))
    child.on("error", reject)
    child.on("close", (code) => {
      if (code === 0) end(undefined)
      else if (code !== null) reject(new Error(`Vitest ended with ${code} and no failed test.\n${out.slice(0, 4000)}`))
    })
  })

const checkTexts = (): void => {
  for (const { file, from, safeguard } of mutations) {
    const source = readFileSync(new URL(`../../../core/src/${file}`, import.meta.url), "utf8")
    const count = source.split(from).length - 1
    if (count !== 1) throw new Error(`${safeguard}: ${file} holds its text ${count} times, not once:\n${from}`)
  }
}

/** What a safeguard is chosen by. */
const namesOf = (mutation: Chosen): ReadonlyArray<string> =>
  "suite" in mutation
    ? [mutation.safeguard, mutation.file, `suite:${mutation.suite}`]
    : [mutation.safeguard, mutation.file]

checkTexts()
const isJson = process.argv.includes("--json")
const only = process.argv[process.argv.indexOf("--only") + 1]
const chosen = mutations.flatMap((mutation, index) =>
  (process.argv.includes("--only") && !namesOf(mutation).some((name) => name.includes(only ?? ""))) ||
  (needsRedis(mutation) && !hasRedis)
    ? []
    : [index]
)
if (!hasRedis && !isJson) {
  console.log(`left out: ${redisMutations.length} of the books in Redis: no redis-server on PATH, and no REDIS_URL`)
}
const needed = new Set(
  chosen.flatMap((index) => {
    const mutation = mutations[index]
    return mutation ? (needsRedis(mutation) ? ["redis"] : suitesOf(mutation)) : []
  })
)
for (const suites of needed) {
  const failed = await failing(-1, suites)
  if (failed !== undefined) throw new Error(`Nothing was taken away, and yet this fails: ${failed}`)
}
const fates: Array<Fate> = []
let next = 0
const work = async () => {
  for (let i = next++; i < chosen.length; i = next++) {
    const index = chosen[i] ?? 0
    const mutation = mutations[index]
    if (!mutation) return
    const [first, all] = suitesOf(mutation)
    const early = await failing(index, first)
    const fate: Fate =
      early === undefined
        ? { mutation, killedBy: await failing(index, all), suites: all }
        : { mutation, killedBy: early, suites: first }
    fates.push(fate)
    if (!isJson) console.log(lineOf(fate, fates.length, chosen.length))
  }
}
const lineOf = ({ killedBy, mutation }: Fate, done: number, total: number) =>
  `${`${done}/${total}`.padStart(8)}  ${killedBy === undefined ? "SURVIVED" : "caught  "}  ${mutation.file.replace(/^admission\/|^redis\//, "").padEnd(16)} ${mutation.safeguard.padEnd(58)}  ${killedBy === undefined ? "" : killedBy.slice(0, 90)}`

await Promise.all(Array.from({ length: Math.max(1, availableParallelism()) }, work))
const survivors = fates.filter((fate) => fate.killedBy === undefined)
if (isJson) console.log(JSON.stringify({ caught: fates.length - survivors.length, survivors, fates }))
else {
  console.log(
    `\n${fates.length - survivors.length} of ${fates.length} safeguards are missed by a test when they are gone`
  )
  for (const { mutation } of survivors) console.log(`  SURVIVED  ${mutation.file}: ${mutation.safeguard}`)
}
process.exitCode = survivors.length > 0 || fates.length === 0 ? 1 : 0
