/** Runs the program in a process of its own, and tells what it said and how it ended. */
import { spawn } from "node:child_process"
import { once } from "node:events"
import { join } from "node:path"
import { DatabaseSync } from "node:sqlite"
import { rolldown } from "rolldown"
import type { Serving } from "./Server.ts"

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
  database: string,
  serving: Serving,
  mode: "send" | "work",
  dieAt = 0
): Promise<Ended> => {
  const args = ["--disable-warning=ExperimentalWarning", program, database, serving.url, String(dieAt), mode]
  const child = spawn(process.execPath, args, { stdio: ["ignore", "pipe", "inherit"] })
  let said = ""
  child.stdout.setEncoding("utf8").on("data", (text: string) => (said += text))
  serving.kill = (label) => {
    said += `died ${label}\n`
    child.kill("SIGKILL")
  }
  const [code, signal] = (await once(child, "close")) as [number | null, string | null]
  return { code, signal, lines: said.split("\n").filter((line) => line !== "") }
}

/** What the file says of each ticket, as a process that died has left it. */
export const statesIn = (database: string): ReadonlyMap<string, string> => {
  const db = new DatabaseSync(database)
  try {
    const tables = db.prepare("SELECT 1 FROM sqlite_master WHERE name = 'outbox_ticket'").all()
    const rows = tables.length === 0 ? [] : db.prepare("SELECT id, state FROM outbox_ticket").all()
    return new Map(rows.map(({ id, state }) => [String(id), String(state)]))
  } finally {
    db.close()
  }
}
