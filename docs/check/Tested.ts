/** Which files the tests reach by their imports. */
import { posix } from "node:path"
import type { Repository } from "./Repository.ts"

const imports = /(?:from|import)\s*\(?\s*"([^"]+)"/g

/** Tells whether a file is a test or is imported by one, on whatever way. */
export const testedFiles = (repository: Repository): ((file: string) => boolean) => {
  const packages = packagesOf(repository)
  const reached = new Set<string>()
  const visit = (file: string) => {
    if (reached.has(file)) return
    const source = repository.read(file)
    if (source === undefined) return
    reached.add(file)
    for (const [, name = ""] of source.matchAll(imports)) {
      const target = name.startsWith(".") ? posix.join(posix.dirname(file), name) : packages(name)
      if (target !== undefined) visit(target)
    }
  }
  for (const file of repository.files) if (file.endsWith(".test.ts")) visit(file)
  return (file) => reached.has(file)
}

/** Finds our own packages' sources by the names under which they are imported. */
const packagesOf = (repository: Repository) => {
  const sources = repository.files
    .filter((file) => posix.basename(file) === "package.json")
    .flatMap((file) => {
      const { name, exports } = JSON.parse(repository.read(file) ?? "{}") as { name?: string; exports?: unknown }
      if (name === undefined || typeof exports !== "object" || exports === null) return []
      return Object.entries(exports).flatMap(([key, conditions]) => {
        const source = (conditions as Record<string, string> | null)?.["@sluice/source"]
        return source === undefined
          ? []
          : [{ from: posix.join(name, key), to: posix.join(posix.dirname(file), source) }]
      })
    })
  return (name: string): string | undefined => {
    for (const { from, to } of sources) {
      if (from === name) return to
      const [head = "", tail] = from.split("*")
      if (tail === undefined || !name.startsWith(head) || !name.endsWith(tail)) continue
      const path = to.replace("*", name.slice(head.length, name.length - tail.length))
      if (repository.read(path) !== undefined) return path
    }
    return undefined
  }
}
