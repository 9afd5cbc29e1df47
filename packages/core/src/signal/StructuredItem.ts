/**
 * Items of structured fields (RFC 9651) with their parameters: `"burst";q=100;w=60`.
 *
 * Total: text that is no item gives `undefined`. Dates, bytes and display strings may stand in an item, and are not read.
 */

/** A number, a string or token, or a boolean; none for what is not read. */
export type Value = number | string | boolean | undefined

export interface Item {
  readonly value: Value
  /** By name; of several with one name, the last. */
  readonly parameters: ReadonlyMap<string, Value>
}

const number = /-?(?:\d{1,12}\.\d{1,3}|\d{1,15})/.source
const words = /"(?:[ !#-[\]-~]|\\["\\])*"|[A-Za-z*][\w:/!#$%&'*+.^`|~-]*/.source
const unread = /@-?\d{1,15}|:[A-Za-z\d+/=]*:|%"(?:[ !#$&-~]|%[\da-f]{2})*"/.source
const bare = `(${number}|${words}|\\?[01]|${unread})`
const parameter = `; *([a-z*][a-z\\d_.*-]*)(?:=${bare})?`
const item = new RegExp(`^ *${bare}((?:${parameter})*) *$`)
const parameters = new RegExp(parameter, "g")

export const parse = (text: string): Item | undefined => {
  const found = item.exec(text)
  if (found === null) return undefined
  const [, bare = "", rest = ""] = found
  const told = new Map<string, Value>()
  for (let next = parameters.exec(rest); next !== null; next = parameters.exec(rest)) {
    told.set(next[1] ?? "", valueOf(next[2] ?? "?1"))
  }
  return { value: valueOf(bare), parameters: told }
}

const valueOf = (text: string): Value => {
  if (/^[-\d]/.test(text)) return Number(text)
  if (/^[@:%]/.test(text)) return undefined
  if (text.startsWith("?")) return text === "?1"
  return text.startsWith('"') ? text.slice(1, -1).replace(/\\(.)/g, "$1") : text
}
