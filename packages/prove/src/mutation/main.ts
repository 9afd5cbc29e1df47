/** `npm run mutate`: takes away each safeguard of `Admission`, one at a time, and shows which test misses it. */
import { spawn } from "node:child_process"
import { readFileSync } from "node:fs"
import { availableParallelism } from "node:os"
import { type Mutation, mutations } from "./Mutations.ts"

interface Fate {
  readonly mutation: Mutation
  /** The first test that failed; nothing if all passed. */
  readonly killedBy: string | undefined
  readonly suites: "quick" | "long"
}

/** Longer than the suites ever take: what has not ended by then never will. */
const patienceMillis = { quick: 120_000, long: 600_000 }

/** Runs suites over a mutated source, and gives the first test that failed. */
const failing = (index: number, suites: "quick" | "long"): Promise<string | undefined> =>
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
      () => end(`does not end within ${patienceMillis[suites] / 1000} s`),
      patienceMillis[suites]
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

checkTexts()
const isJson = process.argv.includes("--json")
const only = process.argv[process.argv.indexOf("--only") + 1]
const chosen = mutations.flatMap((mutation, index) =>
  process.argv.includes("--only") && !mutation.safeguard.includes(only ?? "") && !mutation.file.includes(only ?? "")
    ? []
    : [index]
)
for (const suites of ["quick", "long"] as const) {
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
    const quick = await failing(index, "quick")
    const fate: Fate =
      quick === undefined
        ? { mutation, killedBy: await failing(index, "long"), suites: "long" }
        : { mutation, killedBy: quick, suites: "quick" }
    fates.push(fate)
    if (!isJson) console.log(lineOf(fate, fates.length, chosen.length))
  }
}
const lineOf = ({ killedBy, mutation }: Fate, done: number, total: number) =>
  `${`${done}/${total}`.padStart(8)}  ${killedBy === undefined ? "SURVIVED" : "caught  "}  ${mutation.file.replace("admission/", "").padEnd(15)} ${mutation.safeguard.padEnd(58)}  ${killedBy === undefined ? "" : killedBy.slice(0, 90)}`

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
