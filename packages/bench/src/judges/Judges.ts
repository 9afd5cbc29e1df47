/** All judges, and which of them can be asked here. */
import { accessSync, constants } from "node:fs"
import { delimiter, join } from "node:path"
import { Effect } from "effect"
import { ChildProcess, ChildProcessSpawner } from "effect/process"
import * as Express from "./Express.ts"
import * as Fastify from "./Fastify.ts"
import * as Flexible from "./Flexible.ts"
import * as Haproxy from "./Haproxy.ts"
import type { Judge } from "./Judge.ts"
import * as Nginx from "./Nginx.ts"

export const judges: ReadonlyArray<Judge> = [
  Nginx.bySecond,
  Nginx.byMinute,
  Haproxy.judge,
  Express.draft6,
  Express.draft7,
  Express.draft8,
  Fastify.judge,
  Flexible.judge
]

/** Why a judge cannot be asked here; nothing if it can. */
export const missing = ({ binary }: Pick<Judge, "binary">, path = process.env["PATH"] ?? ""): string | undefined =>
  binary === undefined || path.split(delimiter).some((folder) => isExecutable(join(folder, binary.name)))
    ? undefined
    : `there is no ${binary.name} on the path (Debian has it in ${binary.package})`

/** Where everything is to be judged, a judge that is missing is a failure and not left out. */
export const isStrict = (env: Readonly<Record<string, string | undefined>> = process.env): boolean =>
  env["CI"] === "true"

/** What the programs of these judges say of their versions. */
export const versions = Effect.fnUntraced(function* (judges: ReadonlyArray<Pick<Judge, "binary">>) {
  const spawner = yield* ChildProcessSpawner.ChildProcessSpawner
  const names = new Set(judges.flatMap(({ binary }) => (binary === undefined ? [] : [binary.name])))
  const found: Record<string, string> = {}
  for (const name of names) {
    const said = yield* spawner.string(ChildProcess.make(name, ["-v"]), { includeStderr: true })
    found[name] = /\d+(?:\.\d+)+/.exec(said)?.[0] ?? "unknown"
  }
  return found
})

const isExecutable = (file: string): boolean => {
  try {
    accessSync(file, constants.X_OK)
    return true
  } catch {
    return false
  }
}
