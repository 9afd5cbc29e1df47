/** Holds every fence to the region or the output that it shows. */
import * as Markdown from "./Markdown.ts"
import * as Published from "./Published.ts"
import * as Regions from "./Regions.ts"
import type { Problem, Repository } from "./Repository.ts"
import { testedFiles } from "./Tested.ts"

const code = new Set(["ts", "tsx", "mts", "typescript", "js", "jsx", "mjs", "javascript"])

/** What a fence has to hold: a text, nothing in particular, or something that is wrong with it. */
type Due =
  | { readonly _tag: "Text"; readonly text: string; readonly source: string }
  | { readonly _tag: "Free" }
  | { readonly _tag: "Wrong"; readonly message: string }

const wrong = (message: string): Due => ({ _tag: "Wrong", message })
const free: Due = { _tag: "Free" }

const dueOf = (repository: Repository, isTested: (file: string) => boolean) => {
  return ({ language, words }: Markdown.Fence): Due => {
    const [word = ""] = words
    const [key, value = ""] = splitAt(word, "=")
    if (words.length > 1) return wrong(`a fence takes one word after its language, and not ${words.join(" ")}`)
    if (key === "region") return regionOf(repository, isTested, value)
    if (key === "output") {
      const text = repository.read(value)
      return text === undefined
        ? wrong(`there is no output ${value}`)
        : { _tag: "Text", text: text.replace(/\n+$/, ""), source: `output ${value}` }
    }
    if (word === "foreign") return code.has(language) ? free : wrong("only code can be foreign")
    if (word !== "") return wrong(`a fence says region=file#name, output=file or foreign, and not ${word}`)
    return code.has(language) ? wrong("code names the region that it shows: region=file#name") : free
  }
}

const regionOf = (repository: Repository, isTested: (file: string) => boolean, value: string): Due => {
  const [file, name = ""] = splitAt(value, "#")
  const source = repository.read(file)
  if (source === undefined) return wrong(`there is no file ${file}`)
  const region = Regions.extract(source, name)
  if (region._tag === "Missing") return wrong(`${file}: ${region.why}`)
  if (!isTested(file)) return wrong(`no test imports ${file}`)
  return { _tag: "Text", text: region.text, source: `region ${value}` }
}

const splitAt = (text: string, mark: string): readonly [string, string | undefined] => {
  const at = text.indexOf(mark)
  return at < 0 ? [text, undefined] : [text.slice(0, at), text.slice(at + mark.length)]
}

/** Reports of the public surface are made from it, and compared with it by their own command. */
const documents = ({ files }: Repository) => files.filter((file) => file.endsWith(".md") && !file.endsWith(".api.md"))

/** The fences of a document, with the regions that it does not name itself. */
const fencesOf = (file: string, text: string): ReadonlyArray<Markdown.Fence> => {
  const regions = [...(Published.regions[file] ?? [])]
  return Markdown.fences(text).map((fence) => {
    if (!code.has(fence.language) || fence.words.length > 0) return fence
    const region = regions.shift()
    return region === undefined ? fence : { ...fence, words: [`region=${region}`] }
  })
}

export const check = (repository: Repository): ReadonlyArray<Problem> => {
  const due = dueOf(repository, testedFiles(repository))
  return documents(repository).flatMap((file) =>
    fencesOf(file, repository.read(file) ?? "").flatMap((fence): ReadonlyArray<Problem> => {
      const { line } = fence
      const expected = due(fence)
      if (expected._tag === "Wrong") return [{ file, line, message: expected.message }]
      if (expected._tag === "Free" || expected.text === fence.body) return []
      return [
        { file, line, message: `differs from ${expected.source}: npm run docs\n${diff(fence.body, expected.text)}` }
      ]
    })
  )
}

/** The documents whose fences are brought up to date, by path. */
export const rewrite = (repository: Repository): ReadonlyMap<string, string> => {
  const due = dueOf(repository, () => true)
  const changed = new Map<string, string>()
  for (const file of documents(repository)) {
    const text = repository.read(file) ?? ""
    const bodies = fencesOf(file, text).map((fence) => {
      const expected = due(fence)
      return expected._tag === "Text" ? expected.text : undefined
    })
    const next = Markdown.withBodies(text, bodies)
    if (next !== text) changed.set(file, next)
  }
  return changed
}

const shownLines = 6

/** The first lines that differ, `-` in the document and `+` at its source. */
const diff = (shown: string, due: string): string => {
  const before = shown.split("\n")
  const after = due.split("\n")
  let from = 0
  while (from < before.length && from < after.length && before[from] === after[from]) from++
  let tail = 0
  while (
    tail < Math.min(before.length, after.length) - from &&
    before[before.length - 1 - tail] === after[after.length - 1 - tail]
  ) {
    tail++
  }
  const part = (lines: ReadonlyArray<string>, mark: string) => {
    const changed = lines.slice(from, lines.length - tail).map((line) => `    ${mark} ${line}`)
    return changed.length > shownLines ? [...changed.slice(0, shownLines), `    ${mark} ...`] : changed
  }
  return [...part(before, "-"), ...part(after, "+")].join("\n")
}
