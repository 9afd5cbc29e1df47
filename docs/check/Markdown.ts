/** The parts of a Markdown text that can go stale: fences, links and headings. */

export interface Fence {
  /** Of the opening line, from 1. */
  readonly line: number
  readonly language: string
  /** The words after the language, such as `region=docs/snippets/tour.ts#admit`. */
  readonly words: ReadonlyArray<string>
  /** What comes before each line of the fence. */
  readonly indent: string
  readonly body: string
}

export interface Link {
  readonly line: number
  readonly target: string
}

const opening = /^(\s*)(`{3,}|~{3,})\s*([^`]*)$/

/** Calls for each line outside of fences, and gives the fences. */
const scan = (text: string, onLine: (line: string, number: number) => void): ReadonlyArray<Fence> => {
  const fences: Array<Fence> = []
  const lines = text.split("\n")
  for (let i = 0; i < lines.length; i++) {
    const line = lines[i] ?? ""
    const [, indent, marks, info] = opening.exec(line) ?? []
    if (indent === undefined || marks === undefined) {
      onLine(line, i + 1)
      continue
    }
    const start = i
    const body: Array<string> = []
    for (i++; i < lines.length && (lines[i] ?? "").trim() !== marks; i++) {
      const inner = lines[i] ?? ""
      body.push(inner.startsWith(indent) ? inner.slice(indent.length) : inner.trimStart())
    }
    const [language = "", ...words] = (info ?? "").trim().split(/\s+/)
    fences.push({ line: start + 1, language, words, indent, body: body.join("\n") })
  }
  return fences
}

export const fences = (text: string): ReadonlyArray<Fence> => scan(text, () => {})

/** The text with other bodies in its fences, in their order; nothing leaves one as it is. */
export const withBodies = (text: string, bodies: ReadonlyArray<string | undefined>): string => {
  const lines = text.split("\n")
  const all = fences(text)
  for (const [index, fence] of [...all.entries()].toReversed()) {
    const body = bodies[index]
    if (body === undefined || body === fence.body) continue
    const isEmpty = fence.body === "" && /^\s*(`{3,}|~{3,})\s*$/.test(lines[fence.line] ?? "")
    const indented = body.split("\n").map((line) => (line === "" ? "" : fence.indent + line))
    lines.splice(fence.line, isEmpty ? 0 : fence.body.split("\n").length, ...indented)
  }
  return lines.join("\n")
}

const withoutCode = (line: string) => line.replace(/(`+)(?:(?!\1).)*?\1/g, (code) => " ".repeat(code.length))

/** Targets of links and images; what stands in code is none. */
export const links = (text: string): ReadonlyArray<Link> => {
  const found: Array<Link> = []
  scan(text, (line, number) => {
    // The text of a link may be code; its target never is.
    for (const [, target] of line.matchAll(/\]\(\s*<?([^)>\s]+)>?[^)]*\)/g)) {
      const inCode = !withoutCode(line).includes(`](${target ?? ""}`)
      if (target !== undefined && !inCode) found.push({ line: number, target })
    }
    const [, defined] = /^\s{0,3}\[[^\]]+\]:\s*<?(\S+?)>?(?:\s|$)/.exec(line) ?? []
    if (defined !== undefined) found.push({ line: number, target: defined })
  })
  return found
}

/** What `#...` may say, by the rules of GitHub. */
export const anchors = (text: string): ReadonlySet<string> => {
  const seen = new Map<string, number>()
  const found = new Set<string>()
  scan(text, (line) => {
    const [, heading] = /^#{1,6}\s+(.*?)\s*#*$/.exec(line) ?? []
    if (heading !== undefined) {
      const slug = slugOf(heading)
      const count = seen.get(slug) ?? 0
      seen.set(slug, count + 1)
      found.add(count === 0 ? slug : `${slug}-${count}`)
    }
    for (const [, id] of line.matchAll(/<a (?:id|name)="([^"]+)"/g)) if (id !== undefined) found.add(id)
  })
  return found
}

const slugOf = (heading: string) =>
  heading
    .replace(/\[([^\]]*)\]\([^)]*\)/g, "$1")
    .toLowerCase()
    .replace(/[^\p{L}\p{N}\s_-]/gu, "")
    .replace(/\s/g, "-")
