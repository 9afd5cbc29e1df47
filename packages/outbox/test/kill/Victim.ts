/** Runs the program in a process of its own, and tells what it said and how it ended. */
import { spawn } from "node:child_process"
import { once } from "node:events"
import { join } from "node:path"
import { rolldown } from "rolldown"
import type { Store } from "./Stores.ts"
import type { Serving } from "./Server.ts"
import type { At } from "./steps.ts"

/** One file, so that a process starts in a tenth of the time. */
export const bundle = async (folder: string): Promise<string> => {
  const file = join(folder, "program.mjs")
  const bundler = await rolldown({
    // Nobody looks at it.
    external: /^#app$/,
    input: join(import.meta.dirname, "program.ts"),
    platform: "node",
    resolve: { conditionNames: ["@sluice/source", "import", "node"] }
  })
  await bundler.write({ file, format: "es" })
  await bundler.close()
  return file
}

export interface Ended {
  readonly signal: string | null
  readonly code: number | null
  readonly lines: ReadonlyArray<string>
}

export const run = async (
  program: string,
  store: Store,
  serving: Serving,
  mode: "send" | "work",
  at?: At | undefined,
  /** Told what kills the process, as soon as it has begun. */
  onStart: (kill: (label: string) => void) => void = () => {}
): Promise<Ended> => {
  const args = [
    "--disable-warning=ExperimentalWarning",
    program,
    JSON.stringify(store),
    serving.url,
    JSON.stringify(at ?? null),
    mode
  ]
  const child = spawn(process.execPath, args, { stdio: ["ignore", "pipe", "inherit"] })
  let said = ""
  child.stdout.setEncoding("utf8").on("data", (text: string) => (said += text))
  const kill = (label: string) => {
    said += `died ${label}\n`
    child.kill("SIGKILL")
  }
  serving.kill = kill
  onStart(kill)
  const [code, signal] = (await once(child, "close")) as [number | null, string | null]
  return { code, signal, lines: said.split("\n").filter((line) => line !== "") }
}
