/** The suites that guard `Admission` and the books in Redis, over sources of which one safeguard was taken away. */
import { defineConfig } from "vitest/config"
import type { Reporter } from "vitest/node"
import { mutations } from "./Mutations.ts"
import { redisMutations, suites } from "./RedisMutations.ts"
import { roomMutations } from "./RoomMutations.ts"

const mutation = [...mutations, ...roomMutations, ...redisMutations][Number(process.env["SLUICE_MUTATION"] ?? -1)]
const root = new URL("../../../..", import.meta.url).pathname

const plugin = {
  name: "sluice-mutation",
  enforce: "pre" as const,
  transform(code: string, id: string) {
    if (!mutation || !id.split("?")[0]?.endsWith(`packages/core/src/${mutation.file}`)) return undefined
    if (code.split(mutation.from).length !== 2)
      throw new Error(`${mutation.file} does not hold it once: ${mutation.from}`)
    return { code: code.replace(mutation.from, () => mutation.to), map: null }
  }
}

/** Says which tests failed, a line each. */
const reporter: Reporter = {
  onTestCaseResult: (test) => {
    if (test.result().state === "failed") console.log(`FAILED ${test.fullName}`)
  },
  onTestModuleEnd: (module) => {
    for (const error of module.errors()) console.log(`FAILED ${module.relativeModuleId}: ${error.message}`)
  }
}

/** The quick suites first; who survives them meets the long ones. Those of Redis are named by one of their suites, or are all. */
const include: Readonly<Record<string, Array<string>>> = {
  ...Object.fromEntries(Object.entries(suites).map(([name, file]) => [name, [`packages/core/test/redis/${file}`]])),
  redis: Object.values(suites).map((file) => `packages/core/test/redis/${file}`),
  quick: ["packages/core/test/Admission*.test.ts", "packages/core/test/RateLimiterStore.test.ts"],
  room: ["packages/core/test/Turns.test.ts", "packages/core/test/Tenants.test.ts"],
  long: ["packages/core/test/*.test.ts", "packages/prove/test/prove.test.ts"]
}

const chosen = process.env["SLUICE_SUITES"] ?? "quick"

export default defineConfig({
  root,
  plugins: [plugin],
  ssr: { resolve: { conditions: ["@sluice/source", "module", "node", "development|production"] } },
  test: {
    include: include[chosen] ?? [],
    exclude: chosen === "quick" ? ["packages/core/test/Admission.exhaustive.test.ts"] : [],
    bail: 1,
    // One mutation is one process, and files do not disturb each other: what they share is loaded once.
    isolate: chosen === "long" || chosen === "redis",
    ...(chosen !== "long" && chosen !== "redis" && { maxWorkers: 1 }),
    // What was cached for one mutation is not what another one is.
    fsModuleCache: false,
    reporters: [reporter],
    testTimeout: 60_000
  }
})
