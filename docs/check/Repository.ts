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

const foreign = new Set(["node_modules", "dist", "coverage"])

export const fromDisk = (root: string): Repository => {
  const walk = (folder: string): ReadonlyArray<string> =>
    readdirSync(join(root, folder), { withFileTypes: true }).flatMap((entry) => {
      if (entry.name.startsWith(".") || foreign.has(entry.name)) return []
      const path = posix.join(folder, entry.name)
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
