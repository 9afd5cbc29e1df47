/** Finds links within the repository that lead nowhere, and commands that do not exist. */
import { posix } from "node:path"
import * as Markdown from "./Markdown.ts"
import type { Problem, Repository } from "./Repository.ts"

export const check = (repository: Repository): ReadonlyArray<Problem> => {
  const paths = new Set<string>(["."])
  for (const file of repository.files) {
    for (let path = file; path !== "."; path = posix.dirname(path)) paths.add(path)
  }
  return repository.files
    .filter((file) => posix.extname(file) === ".md")
    .flatMap((file) => {
      const text = repository.read(file) ?? ""
      return [
        ...Markdown.links(text).flatMap(({ line, target }) => {
          const message = linkProblem(repository, paths, file, target)
          return message === undefined ? [] : [{ file, line, message }]
        }),
        ...commands(repository, file, text)
      ]
    })
}

const linkProblem = (repository: Repository, paths: ReadonlySet<string>, file: string, target: string) => {
  if (/^[a-z][a-z0-9+.-]*:/i.test(target)) return undefined
  const [path = "", anchor] = decodeURIComponent(target).split("#")
  const to = path === "" ? file : posix.join(posix.dirname(file), path).replace(/\/$/, "")
  if (!paths.has(to)) return `the link ${target} leads to nothing`
  if (anchor === undefined) return undefined
  const text = repository.read(to) ?? ""
  const isThere =
    posix.extname(to) === ".md"
      ? Markdown.anchors(text).has(anchor)
      : Number(/^L(\d+)$/.exec(anchor)?.[1] ?? Infinity) <= text.split("\n").length
  return isThere ? undefined : `the link ${target} leads to ${to}, which has no ${anchor}`
}

/** `npm run x` names a script of the root, or of the nearest package. */
const commands = (repository: Repository, file: string, text: string): ReadonlyArray<Problem> => {
  const known = new Set(["package.json", ...packagesAbove(file)].flatMap((path) => scriptsOf(repository, path)))
  return text
    .split("\n")
    .flatMap((line, index) =>
      [...line.matchAll(/npm run (?:--?\S+ )*([\w:-]+)/g)].flatMap(([, script = ""]) =>
        known.has(script) ? [] : [{ file, line: index + 1, message: `there is no script ${script} in package.json` }]
      )
    )
}

const packagesAbove = (file: string): ReadonlyArray<string> => {
  const folders: Array<string> = []
  for (let folder = posix.dirname(file); folder !== "."; folder = posix.dirname(folder)) {
    folders.push(posix.join(folder, "package.json"))
  }
  return folders
}

const scriptsOf = (repository: Repository, path: string): ReadonlyArray<string> => {
  const { scripts = {} } = JSON.parse(repository.read(path) ?? "{}") as { scripts?: Record<string, string> }
  return Object.keys(scripts)
}
