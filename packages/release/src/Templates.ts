/** Every example as somebody's own project: copied out, our packages from tarballs, types, test and start. */
import { existsSync, readdirSync } from "node:fs"
import { cp, readFile } from "node:fs/promises"
import { builtinModules } from "node:module"
import { delimiter, join } from "node:path"
import ts from "typescript"
import * as Progress from "./Progress.ts"
import { install } from "./Project.ts"
import { root } from "./Published.ts"
import type { Report } from "./Report.ts"
import * as Shell from "./Shell.ts"
import type { Tarball, Workshop } from "./Tarballs.ts"

interface Manifest {
  readonly scripts?: Readonly<Record<string, string>>
  readonly dependencies?: Readonly<Record<string, string>>
  readonly devDependencies?: Readonly<Record<string, string>>
}

const examples = join(root, "examples")

/** A project of its own is a template; other files beside it are none. */
const names = readdirSync(examples, { withFileTypes: true })
  .filter((entry) => entry.isDirectory())
  .map(({ name }) => name)
  .toSorted()

/** What a template needs on this machine, one of them, to start. */
const needs: Readonly<Record<string, ReadonlyArray<string>>> = { "worker-fleet": ["redis-server", "valkey-server"] }

/** On CI everything is there, or the start fails. */
const lacks = (name: string): boolean =>
  !process.env["CI"] &&
  !process.env["REDIS_URL"] &&
  needs[name]?.some((program) => folders.some((folder) => existsSync(join(folder, program)))) === false
const folders = (process.env["PATH"] ?? "").split(delimiter)

export const check = async (workshop: Workshop): Promise<Report> => {
  const tarballs = await workshop.tarballs()
  const verdicts = await Progress.each(names, 2, (name) => verdictOf(name, join(workshop.folder, name), tarballs))
  return {
    tables: [
      {
        title: "Templates, from tarballs",
        columns: ["template", "install", "imports", "types", "test", "start"],
        rows: verdicts.map(({ row }) => row)
      }
    ],
    failures: verdicts.flatMap(({ failures }) => failures),
    leftOut: names.flatMap((name) =>
      lacks(name) ? [`${name}, start: no ${needs[name]?.join(" or ")} on PATH, and no REDIS_URL`] : []
    )
  }
}

const verdictOf = async (name: string, folder: string, tarballs: ReadonlyArray<Tarball>) => {
  const failures: Array<string> = []
  const attempt = async (what: string, work: () => Promise<unknown>): Promise<string> => {
    const start = performance.now()
    try {
      await Progress.step(`${name}: ${what}`, work)
      return Progress.seconds(performance.now() - start)
    } catch (error) {
      failures.push(`${name}, ${what}: ${error instanceof Error ? error.message : String(error)}`)
      return "failed"
    }
  }
  const manifest = JSON.parse(await readFile(join(examples, name, "package.json"), "utf8")) as Manifest
  await cp(join(examples, name), folder, { recursive: true, filter: (path) => !path.endsWith("node_modules") })
  const row = [name]
  row.push(await attempt("install", () => install(folder, pointedTo(manifest, tarballs), tarballs)))
  row.push(await attempt("imports", () => importsOf(folder, manifest)))
  if (row[1] === "failed") return { row, failures }
  const bin = join(folder, "node_modules/.bin")
  const run = (command: string, args: ReadonlyArray<string>) => Shell.run(command, args, { cwd: folder, bin })
  row.push(await attempt("types", () => run("tsc", ["-p", "tsconfig.json"])))
  row.push(await attempt("test", () => run("npm", ["test"])))
  row.push(lacks(name) ? "left out" : await attempt("start", () => run("npm", ["start"])))
  return { row, failures }
}

/** Our packages are on no registry yet. */
const pointedTo = (manifest: Manifest, tarballs: ReadonlyArray<Tarball>): Readonly<Record<string, unknown>> => {
  const dependencies = { ...manifest.dependencies }
  for (const { of, path } of tarballs)
    if (of.manifest.name in dependencies) dependencies[of.manifest.name] = `file:${path}`
  return { ...manifest, dependencies }
}

/** A package that a template imports without saying so is there by luck. */
const importsOf = async (folder: string, { dependencies, devDependencies }: Manifest): Promise<void> => {
  const declared = new Set([...Object.keys(dependencies ?? {}), ...Object.keys(devDependencies ?? {})])
  const files = readdirSync(folder, { recursive: true, encoding: "utf8" })
  for (const file of files.filter((path) => /\.m?[jt]s$/.test(path) && !path.includes("node_modules"))) {
    const { importedFiles } = ts.preProcessFile(await readFile(join(folder, file), "utf8"))
    for (const { fileName } of importedFiles) {
      if (fileName.startsWith(".") || fileName.startsWith("node:") || builtinModules.includes(fileName)) continue
      const name = fileName.split("/", fileName.startsWith("@") ? 2 : 1).join("/")
      if (!declared.has(name)) throw new Error(`${file} imports ${name}, which package.json does not name`)
    }
  }
}
