/** Parts of a source file between `// #region name` and `// #endregion`. */

export type Region =
  | { readonly _tag: "Found"; readonly text: string }
  | { readonly _tag: "Missing"; readonly why: string }

const start = /^\s*(?:\/\/|#|<!--)\s*#region\s+(\S+)/
const end = /^\s*(?:\/\/|#|<!--)\s*#endregion\b/

/**
 * The text of a region, with the indentation taken away that all of its lines have. A name that occurs several times is
 * one region in parts. Marks of other regions inside of it are left out.
 */
export const extract = (source: string, name: string): Region => {
  const open: Array<string> = []
  const parts: Array<Array<string>> = []
  for (const line of source.split("\n")) {
    const [, opened] = start.exec(line) ?? []
    if (opened !== undefined) {
      if (open.includes(opened)) return { _tag: "Missing", why: `region ${opened} is opened inside of itself` }
      open.push(opened)
      if (opened === name) parts.push([])
    } else if (end.test(line)) {
      if (open.pop() === undefined) return { _tag: "Missing", why: "an #endregion has no #region" }
    } else if (open.includes(name)) {
      parts.at(-1)?.push(line)
    }
  }
  if (open.length > 0) return { _tag: "Missing", why: `region ${open.at(-1)} has no #endregion` }
  if (parts.length === 0) return { _tag: "Missing", why: `there is no region ${name}` }
  return {
    _tag: "Found",
    text: parts
      .map(dedent)
      .join("\n")
      .replace(/^\n+|\n+$/g, "")
  }
}

const dedent = (lines: ReadonlyArray<string>): string => {
  const filled = lines.filter((line) => line.trim() !== "")
  const depth = Math.min(...filled.map((line) => line.length - line.trimStart().length))
  return lines.map((line) => line.slice(depth).trimEnd()).join("\n")
}
