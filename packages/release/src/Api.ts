/**
 * The packages' public surface, as text that a review sees change: `etc/api/<package>/<module>.api.md`.
 *
 * Made of the built declarations without their comments: those of every entry, and of every module that an entry's
 * declarations take a type from, because a change there changes the entry as well.
 */
import { existsSync, globSync, readFileSync } from "node:fs"
import { mkdir, rm, writeFile } from "node:fs/promises"
import { dirname, join, relative } from "node:path"
import ts from "typescript"
import * as Progress from "./Progress.ts"
import { type Entry, entriesOf, type Package, packages, root } from "./Published.ts"
import type { Report } from "./Report.ts"

const folder = join(root, "etc/api")

/** Fails for every report that is not what the packages are. */
export const check = async (): Promise<Report> => {
  const reports = await Progress.step("read the public surface", async () => reportsOf())
  const drifted = [...new Set([...reports.keys(), ...committed()])]
    .filter((file) => reports.get(file) !== textAt(file))
    .toSorted()
  return {
    tables: [tableOf(reports)],
    failures: drifted.map(
      (file) => `etc/api/${file} is not what the package is: ${stateOf(reports, file)}. Run npm run api`
    ),
    leftOut: []
  }
}

export const update = async (): Promise<Report> => {
  const reports = reportsOf()
  await rm(folder, { recursive: true, force: true })
  for (const [file, text] of reports) {
    await mkdir(dirname(join(folder, file)), { recursive: true })
    await writeFile(join(folder, file), text)
  }
  return { tables: [tableOf(reports)], failures: [], leftOut: [] }
}

const committed = () => (existsSync(folder) ? globSync("**/*.api.md", { cwd: folder }) : [])

const textAt = (file: string) => (existsSync(join(folder, file)) ? readFileSync(join(folder, file), "utf8") : undefined)

/** The first line that differs, so that a log tells what has happened. */
const stateOf = (reports: ReadonlyMap<string, string>, file: string): string => {
  const now = reports.get(file)?.split("\n")
  const then = textAt(file)?.split("\n")
  if (now === undefined) return "there is no such module any more"
  if (then === undefined) return "it is new"
  const line = now.findIndex((text, i) => text !== then[i])
  return line === -1 ? "it ends earlier" : `line ${line + 1} is now ${JSON.stringify(now[line])}`
}

const tableOf = (reports: ReadonlyMap<string, string>) => ({
  title: "Public surface, in etc/api",
  columns: ["package", "entries", "modules", "lines"],
  rows: packages.map((one) => {
    const own = [...reports].filter(([file]) => file.startsWith(`${one.id}/`))
    const lines = own.reduce((sum, [, text]) => sum + text.split("\n").length, 0)
    return [one.manifest.name, entriesOf(one).length, own.length, lines].map(String)
  })
})

const reportsOf = (): ReadonlyMap<string, string> => new Map(packages.flatMap((one) => [...reportsOfPackage(one)]))

const reportsOfPackage = (one: Package): ReadonlyMap<string, string> => {
  const names = Map.groupBy(entriesOf(one), ({ types }) => types)
  const reports = new Map<string, string>()
  const waiting = [...names.keys()]
  for (let types = waiting.shift(); types !== undefined; types = waiting.shift()) {
    const module = types.replace(/^dist\//, "").replace(/\.d\.ts$/, "")
    const file = `${one.id}/${module}.api.md`
    if (reports.has(file)) continue
    const path = join(one.folder, types)
    const source = ts.createSourceFile(path, readFileSync(path, "utf8"), ts.ScriptTarget.Latest, true)
    reports.set(file, render(module, names.get(types) ?? [], source))
    waiting.push(...relativeImports(source).map((id) => relative(one.folder, join(dirname(path), id))))
  }
  return reports
}

/** Declarations of our own that this one takes types from, or hands on. */
const relativeImports = (source: ts.SourceFile): ReadonlyArray<string> =>
  ts
    .preProcessFile(source.text)
    .importedFiles.map(({ fileName }) => fileName)
    .filter((name) => name.startsWith("."))
    .map((name) => name.replace(/\.(ts|js)$/, ".d.ts"))

const printer = ts.createPrinter({ removeComments: true, newLine: ts.NewLineKind.LineFeed })

const render = (module: string, entries: ReadonlyArray<Entry>, source: ts.SourceFile): string => {
  const names = entries.map(({ name }) => `\`${name}\``).join(", ")
  const declarations = printer.printFile(source).trim()
  const whose = names === "" ? "No entry: entries take types from it." : `Imported as ${names}.`
  return [`# ${module}`, "", whose, "", "```ts", declarations, "```", ""].join("\n")
}
