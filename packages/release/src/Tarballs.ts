/** The packages as they would be published, in a folder of their own that goes away in the end. */
import { existsSync } from "node:fs"
import { mkdtemp, rm } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import * as Progress from "./Progress.ts"
import { folders, type Package, packages, root } from "./Published.ts"
import * as Shell from "./Shell.ts"

export interface Tarball {
  readonly of: Package
  readonly path: string
  readonly files: ReadonlyArray<string>
  readonly packedBytes: number
}

export interface Workshop {
  /** Gone when the work is done. */
  readonly folder: string
  /** Packed when they are first asked for. */
  readonly tarballs: () => Promise<ReadonlyArray<Tarball>>
}

/** Builds, and does the work in a folder of its own. */
export const withWorkshop = async <A>(work: (workshop: Workshop) => Promise<A>): Promise<A> => {
  const folder = await mkdtemp(join(tmpdir(), "sluice-release-"))
  const packAll = () => Progress.step("pack", () => Promise.all(packages.map((one) => pack(one, folder))))
  let packed: Promise<ReadonlyArray<Tarball>> | undefined
  try {
    await Progress.step("build", () => build())
    return await work({ folder, tarballs: () => (packed ??= packAll()) })
  } finally {
    await rm(folder, { recursive: true, force: true, maxRetries: 3 })
  }
}

const build = async (): Promise<void> => {
  await Shell.run("npm", ["run", "build:page"], { cwd: root })
  await Shell.run(join(root, "node_modules/.bin/tsc"), ["-b", ...folders.map((id) => `packages/${id}`)], { cwd: root })
}

interface Packed {
  readonly filename: string
  readonly size: number
  readonly files: ReadonlyArray<{ readonly path: string }>
}

const pack = async (one: Package, into: string): Promise<Tarball> => {
  const args = ["pack", "--json", "--ignore-scripts", "--pack-destination", into]
  const { stdout } = await Shell.run("npm", args, { cwd: one.folder })
  // A list in older versions of npm, a record by name in newer ones.
  const [packed] = Object.values(JSON.parse(stdout) as Readonly<Record<string, Packed>>)
  if (packed === undefined) throw new Error(`npm packed nothing in ${one.folder}`)
  return {
    of: one,
    path: join(into, packed.filename),
    files: packed.files.map(({ path }) => path),
    packedBytes: packed.size
  }
}

/** What is wrong with a tarball's list of files; empty if nothing is. */
export const faultsOf = ({ files, of }: Tarball): ReadonlyArray<string> => {
  const has = new Set(files)
  const missing = ["package.json", "README.md", "LICENSE"].filter((file) => !has.has(file))
  const strange = files.filter((file) => /(^|\/)(test|fixtures)\/|\.test\.|tsbuildinfo|tsconfig/.test(file))
  const code = files.filter((file) => file.startsWith("dist/") && file.endsWith(".js"))
  const bare = code.flatMap((file) =>
    [`${file}.map`, file.replace(/js$/, "d.ts"), file.replace(/js$/, "d.ts.map")].filter((beside) => !has.has(beside))
  )
  const orphans = code.filter((file) => !existsSync(join(of.folder, sourceOf(of, file))))
  const unmapped = code.map((file) => sourceOf(of, file)).filter((source) => !has.has(source))
  return [
    ...missing.map((file) => `${file} is missing`),
    ...strange.map((file) => `${file} is nothing to publish`),
    ...bare.map((file) => `${file} is missing`),
    ...orphans.map((file) => `${file} was built from a source that is gone: remove dist and build again`),
    ...unmapped.map((file) => `${file}, which a source map names, is missing`)
  ].map((fault) => `${of.manifest.name}: ${fault}`)
}

/** The providers have their folders at the top, the others below `src`. */
const sourceOf = ({ id }: Package, file: string) =>
  file.replace(/^dist\//, id === "providers" ? "" : "src/").replace(/js$/, "ts")
