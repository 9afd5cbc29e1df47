/**
 * A stranger's compiler, with the conditions that it has by default: every entry, every example of a README, and
 * declarations of the stranger's own, which must be able to name every type that an entry's values have.
 */
import { copyFile, readdir, readFile, writeFile } from "node:fs/promises"
import { join } from "node:path"
import * as Progress from "./Progress.ts"
import { install, type Project } from "./Project.ts"
import { entriesOf, packages, root } from "./Published.ts"
import type { Report } from "./Report.ts"
import type { Workshop } from "./Tarballs.ts"

const latest = "7.0.2"
const compilers = [latest, "6.0.3"]
const nodenext = { resolution: "nodenext", options: ["--module", "nodenext"] }
const bundler = { resolution: "bundler", options: ["--module", "esnext", "--moduleResolution", "bundler"] }
const runs = [
  { version: latest, ...nodenext },
  { version: latest, ...bundler },
  { version: "6.0.3", ...nodenext }
]

export const check = async (workshop: Workshop): Promise<Report> => {
  const tarballs = await workshop.tarballs()
  const dependencies = Object.fromEntries(tarballs.map(({ of, path }) => [of.manifest.name, `file:${path}`]))
  const own = Object.fromEntries(compilers.map((version) => [`typescript-${version}`, `npm:typescript@${version}`]))
  const project = await Progress.step("install for the compilers", () =>
    install(
      join(workshop.folder, "types"),
      {
        private: true,
        type: "module",
        dependencies: { ...dependencies, ...own, effect: "^4.1.0", "@types/node": "^24.0.0" }
      },
      tarballs
    )
  )
  const files = await write(project)
  const failures: Array<string> = []
  const rows: Array<ReadonlyArray<string>> = []
  for (const { options, resolution, version } of runs) {
    try {
      const ours = await Progress.step(`tsc ${version}, ${resolution}`, () => compile(project, version, options, files))
      rows.push([`tsc ${version}`, resolution, String(files.length), String(ours), "ok"])
    } catch (error) {
      failures.push(`tsc ${version}, ${resolution}: ${error instanceof Error ? error.message : String(error)}`)
      rows.push([`tsc ${version}`, resolution, String(files.length), "", "failed"])
    }
  }
  const named = await declarations(project).catch((error: unknown) => {
    failures.push(`declarations: ${error instanceof Error ? error.message : String(error)}`)
    return "failed"
  })
  rows.push([`tsc ${latest}`, "declarations", named, "", named === "failed" ? "failed" : "ok"])
  const columns = ["compiler", "resolution", "files or values", "our declarations read", "types"]
  return { tables: [{ title: "A stranger's compiler, default conditions", columns, rows }], failures, leftOut: [] }
}

/** One file that uses every entry, and one for each example. */
const write = async ({ folder }: Project): Promise<ReadonlyArray<string>> => {
  const names = packages.flatMap((one) => entriesOf(one).map(({ name }) => name))
  const all = [
    ...names.map((name, i) => `import * as entry${i} from ${JSON.stringify(name)}`),
    `export const entries = [${names.map((_, i) => `entry${i}`).join(", ")}]`
  ]
  await writeFile(join(folder, "entries.ts"), all.join("\n"))
  const request = await readFile(join(root, "packages/release/src/consumer/request.ts"), "utf8")
  await writeFile(join(folder, "request.ts"), request)
  const files = ["entries.ts", "request.ts"]
  for (const { folder: of, id } of packages) {
    const readme = await readFile(join(of, "README.md"), "utf8")
    for (const [i, match] of [...readme.matchAll(/```ts\n(.*?)```/gs)].entries()) {
      const file = `readme-${id}-${i}.ts`
      await writeFile(join(folder, file), match[1] ?? "")
      files.push(file)
    }
  }
  return files
}

/** How many of our own declarations it read; a source among them means that it took the workspace's condition. */
const compile = async (
  { folder, run }: Project,
  version: string,
  options: ReadonlyArray<string>,
  files: ReadonlyArray<string>
): Promise<number> => {
  const tsc = compilerIn(folder, version)
  // The libraries' own declarations are checked too: ours must hold without `skipLibCheck`.
  const { stdout } = await run("node", [tsc, "--noEmit", ...strict, ...options, "--listFiles", ...files])
  const ours = stdout.split("\n").filter((file) => file.includes("node_modules/@sluice/"))
  const sources = ours.filter((file) => !file.trim().endsWith(".d.ts"))
  if (sources.length > 0) throw new Error(`reads sources: ${sources.join(", ")}`)
  return ours.length
}

/** Passes every value on in a file that does not import its module: the compiler must find a name for each type. */
const declarations = async ({ folder, run }: Project): Promise<string> => {
  const names = packages.flatMap((one) => entriesOf(one).map(({ name }) => name))
  await copyFile(join(root, "packages/release/src/consumer/names.mjs"), join(folder, "names.mjs"))
  const { stdout } = await run("node", ["names.mjs", ...names])
  const options = [compilerIn(folder, latest), ...strict, ...nodenext.options]
  const emit = ["--declaration", "--emitDeclarationOnly", "--rewriteRelativeImportExtensions", "--outDir", "declared"]
  await Progress.step("declare what has every type", () => run("node", [...options, ...emit, "uses.ts", "passes.ts"]))
  const declared = (await readdir(join(folder, "declared"))).map((file) => join("declared", file))
  await Progress.step("read it again", () => run("node", [...options, "--noEmit", ...declared]))
  return stdout.trim()
}

const strict = ["--strict", "--exactOptionalPropertyTypes", "--target", "es2024", "--types", "node"]

const compilerIn = (folder: string, version: string) => join(folder, `node_modules/typescript-${version}/bin/tsc`)
