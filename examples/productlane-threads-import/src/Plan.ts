/** Reads the file and the journal: what is to be sent, and what is wrong with the rest. */
import { Effect, FileSystem, Result, Schema } from "effect"
import * as Journal from "./Journal.ts"

export interface Options {
  readonly file: string
  readonly journal: string
}

/** A line of the file. `id` is the thread's own in the system that it comes from; the rest is sent. */
const Row = Schema.fromJsonString(
  Schema.Struct({
    id: Schema.NonEmptyString,
    contact_email: Schema.String,
    title: Schema.optionalKey(Schema.String),
    text: Schema.String
  })
)

export interface Ready {
  readonly line: number
  readonly row: typeof Row.Type
}

export const make = Effect.fn("Plan.make")(function* ({ file, journal }: Options) {
  const files = yield* FileSystem.FileSystem
  const states = yield* Journal.read(journal)
  const lines = (yield* files.readFileString(file)).split("\n")

  const ready = new Map<string, Ready>()
  const problems: Array<string> = []
  let made = 0
  for (const [index, text] of lines.entries()) {
    if (text.trim() === "") continue
    const line = index + 1
    const row = Schema.decodeResult(Row)(text)
    if (Result.isFailure(row)) {
      problems.push(`line ${line}: ${row.failure.message.replaceAll(/\s+/g, " ")}`)
      continue
    }
    const { id } = row.success
    const state = states.get(id)
    if (ready.has(id)) problems.push(`line ${line}: ${id} is the id of line ${ready.get(id)?.line} already`)
    else if (state === "made") made++
    else if (state === "sending")
      problems.push(`line ${line}: ${id} was sent, but no answer came: look whether it is there`)
    else ready.set(id, { line, row: row.success })
  }
  return { ready: [...ready.values()], problems, made }
})
