/** Responses as they are kept in files: as `curl -i`, `-D` and `-v` write them, bare headers, and HAR. */
import { Option, Schema } from "effect"

export interface RawResponse {
  readonly status: number | undefined
  /** Names in lower case; of several of a name, the values joined as HTTP joins them. */
  readonly headers: Readonly<Record<string, string>>
  /** Epoch milliseconds by the clock of whoever kept it, where it is told. */
  readonly sentAt?: number
  readonly receivedAt?: number
  /** How many responses came before it, as redirects do. */
  readonly before: number
}

/** The last response in the text; none if there is neither a status line nor a header in it. */
export const fromText = (text: string): Option.Option<RawResponse> => {
  if (text.trimStart().startsWith("{")) return fromHar(text)
  const blocks = blocksOf(text)
  // What was only on its way, such as 103, is not the answer.
  const answers = blocks.filter(({ status }) => status === undefined || status >= 200)
  const last = answers[answers.length - 1]
  return last === undefined
    ? Option.none()
    : Option.some({ status: last.status, headers: joined(last.fields), before: answers.length - 1 })
}

interface Block {
  readonly status: number | undefined
  readonly fields: Array<readonly [string, string]>
}

const statusLine = /^HTTP\/\d(?:\.\d)? (\d{3})(?: |$)/
const fieldLine = /^([!#$%&'*+.^_`|~\w-]+):(.*)$/

/** Every status line begins a block, and an empty line ends its headers; what follows is a body. */
const blocksOf = (text: string): ReadonlyArray<Block> => {
  const blocks: Array<Block> = []
  let isBody = false
  for (const written of text.split(/\r?\n/)) {
    // `curl -v` marks what came in, and speaks of other things too.
    const line = written.replace(/^< ?/, "")
    const [, status] = statusLine.exec(line) ?? []
    if (status !== undefined) {
      blocks.push({ status: Number(status), fields: [] })
      isBody = false
      continue
    }
    const block = blocks[blocks.length - 1]
    if (line.trim() === "") isBody ||= block !== undefined
    if (isBody) continue
    const [, name, value = ""] = fieldLine.exec(line) ?? []
    const folded = block?.fields[block.fields.length - 1]
    if (name !== undefined) {
      if (block === undefined) blocks.push({ status: undefined, fields: [] })
      blocks[blocks.length - 1]?.fields.push([name.toLowerCase(), value.trim()])
    } else if (/^[ \t]+\S/.test(line) && block && folded) {
      block.fields[block.fields.length - 1] = [folded[0], `${folded[1]} ${line.trim()}`]
    }
  }
  return blocks
}

const joined = (fields: ReadonlyArray<readonly [string, string]>): Readonly<Record<string, string>> => {
  const values = new Map<string, string>()
  for (const [name, value] of fields) {
    const before = values.get(name)
    values.set(name, before === undefined ? value : `${before}, ${value}`)
  }
  return Object.fromEntries(values)
}

const Har = Schema.fromJsonString(
  Schema.Struct({
    log: Schema.Struct({
      entries: Schema.Array(
        Schema.Struct({
          startedDateTime: Schema.String,
          time: Schema.Finite,
          response: Schema.Struct({
            status: Schema.Int,
            headers: Schema.Array(Schema.Struct({ name: Schema.String, value: Schema.String }))
          })
        })
      )
    })
  })
)
const decodeHar = Schema.decodeUnknownOption(Har)

const fromHar = (text: string): Option.Option<RawResponse> =>
  Option.flatMap(decodeHar(text), ({ log: { entries } }) => {
    const entry = entries[entries.length - 1]
    if (entry === undefined) return Option.none()
    const { response, startedDateTime, time } = entry
    const sentAt = Date.parse(startedDateTime)
    return Option.some({
      status: response.status,
      headers: joined(response.headers.map(({ name, value }) => [name.toLowerCase(), value] as const)),
      ...(Number.isFinite(sentAt) && { sentAt, receivedAt: sentAt + Math.max(0, Math.ceil(time)) }),
      before: entries.length - 1
    })
  })
