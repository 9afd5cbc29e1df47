/** The files that the check looks at: those of this repository, or a few of a test's. */
import { existsSync, readFileSync, readdirSync } from "node:fs"
import { join, posix } from "node:path"

/** Paths are relative to the root, with slashes. */
export interface Repository {
  /** Every file that is ours. */
  readonly files: ReadonlyArray<string>
  readonly read: (path: string) => string | undefined
}

/** What is wrong, where, and in a line or more what it is. */
export interface Problem {
  readonly file: string
  readonly line: number
  readonly message: string
}

/** What others made, and what is made from our sources. */
const foreign = new Set(["node_modules", "dist", "docs/reference"])

export const fromDisk = (root: string): Repository => {
  const walk = (folder: string): ReadonlyArray<string> =>
    readdirSync(join(root, folder), { withFileTypes: true }).flatMap((entry) => {
      const path = posix.join(folder, entry.name)
      if (entry.name.startsWith(".") || foreign.has(entry.name) || foreign.has(path)) return []
      return entry.isDirectory() ? walk(path) : [path]
    })
  return {
    files: walk(""),
    read: (path) => (existsSync(join(root, path)) ? readFileSync(join(root, path), "utf8") : undefined)
  }
}

export const fromRecord = (files: Readonly<Record<string, string>>): Repository => ({
  files: Object.keys(files),
  read: (path) => files[path]
})
