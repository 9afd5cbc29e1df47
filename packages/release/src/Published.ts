/** The packages that are published, and what each of them lets others import. */
import { existsSync, globSync, readFileSync } from "node:fs"
import { join } from "node:path"

export const root = join(import.meta.dirname, "../../..")

export const folders = ["core", "page", "dashboard", "simulator", "providers", "outbox", "planner", "cli"] as const

type Target = string | null | { readonly [condition: string]: Target }

interface Manifest {
  readonly name: string
  readonly version: string
  readonly bin?: Readonly<Record<string, string>>
  readonly exports: Readonly<Record<string, Target>>
}

export interface Package {
  readonly id: (typeof folders)[number]
  readonly folder: string
  readonly manifest: Manifest
}

export interface Entry {
  /** As others import it: `@sluice/core/Quota`. */
  readonly name: string
  /** As the manifest says it: `./Quota`. */
  readonly subpath: string
  /** From the package's folder: `src/Quota.ts`. */
  readonly source: string
  readonly types: string
  readonly code: string
}

export const packages: ReadonlyArray<Package> = folders.map((id) => {
  const folder = join(root, "packages", id)
  return { id, folder, manifest: JSON.parse(readFileSync(join(folder, "package.json"), "utf8")) as Manifest }
})

/** Every entry that a built package has: each pattern is expanded by the files that it finds. */
export const entriesOf = ({ folder, manifest }: Package): ReadonlyArray<Entry> => {
  const entries = new Map<string, Entry>()
  for (const [key, target] of Object.entries(manifest.exports)) {
    const code = targetOf(target, "default")
    const types = targetOf(target, "types")
    const source = targetOf(target, "@sluice/source")
    if (code === undefined || types === undefined || source === undefined) continue
    for (const star of starsOf(folder, code)) {
      const subpath = key.replace("*", star)
      if (entries.has(subpath) || bestKey(manifest, subpath) !== key) continue
      const fill = (path: string) => path.replaceAll("*", star)
      entries.set(subpath, {
        name: subpath === "." ? manifest.name : `${manifest.name}/${subpath.slice(2)}`,
        subpath,
        source: fill(source),
        types: fill(types),
        code: fill(code)
      })
    }
  }
  return [...entries.values()].toSorted((a, b) => (a.name < b.name ? -1 : 1))
}

const targetOf = (target: Target, condition: string): string | undefined => {
  const path = typeof target === "object" && target !== null ? target[condition] : undefined
  return typeof path === "string" && path.startsWith("./") ? path.slice(2) : undefined
}

/** What may stand for the star; `""` where there is none. */
const starsOf = (folder: string, target: string): ReadonlyArray<string> => {
  const [before = "", after = ""] = target.split("*")
  if (!target.includes("*")) return existsSync(join(folder, target)) ? [""] : []
  return globSync(`${before}**/*.js`, { cwd: folder })
    .map((file) => file.replaceAll("\\", "/"))
    .filter((file) => file.startsWith(before) && file.endsWith(after) && file.length > before.length + after.length)
    .map((file) => file.slice(before.length, file.length - after.length))
}

/** The key that Node would take: the name itself, or the pattern with the most before its star. */
const bestKey = ({ exports }: Manifest, subpath: string): string | undefined =>
  subpath in exports
    ? subpath
    : Object.keys(exports)
        .filter((key) => {
          const [before = "", after = ""] = key.split("*")
          return key.includes("*") && subpath.startsWith(before) && subpath.endsWith(after)
        })
        .toSorted((a, b) => b.indexOf("*") - a.indexOf("*") || b.length - a.length)[0]
