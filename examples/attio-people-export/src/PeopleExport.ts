/** Exports all people of an Attio workspace to a file of JSON lines, one person a line, with every attribute. */
import { Attio } from "@sluice/providers/attio"
import { Console, Effect, FileSystem, Schema, Stdio, Stream, Terminal } from "effect"
import { Ndjson } from "effect/encoding"

export interface Options {
  readonly file: string
  /** People a request, 500 at most. */
  readonly pageSize: number
}

// #region job
/** What is read of a person and written to the file; what is not named here is left out. */
const Person = Schema.Struct({
  id: Schema.Struct({ record_id: Schema.String }),
  created_at: Schema.DateTimeUtcFromString,
  web_url: Schema.String,
  values: Schema.Record(Schema.String, Schema.Json)
})

/** Holds one page at a time. The file is replaced when everybody is written, and stays as it was if something fails. */
export const run = Effect.fn("PeopleExport")(function* ({ file, pageSize }: Options) {
  const files = yield* FileSystem.FileSystem
  const progress = yield* makeProgress
  const part = `${file}.part`
  yield* Attio.pages("/v2/objects/people/records/query", { item: Person, limit: pageSize }).pipe(
    Stream.tap(progress.count),
    Stream.pipeThroughChannel(Ndjson.encodeSchema(Person)()),
    Stream.run(files.sink(part)),
    Effect.andThen(files.rename(part, file)),
    Effect.ensuring(Effect.ignore(files.remove(part)))
  )
  yield* progress.end(file)
})
// #endregion

/** On a terminal one line that is written over, otherwise a line for every five hundred people. */
const makeProgress = Effect.gen(function* () {
  const terminal = yield* Terminal.Terminal
  const isTerminal = yield* Effect.flatMap(Stdio.Stdio, (stdio) => stdio.stdoutIsTerminal)
  let people = 0
  return {
    count: () => {
      people++
      if (isTerminal && people % 25 === 0) return terminal.display(`\r${people} people`)
      return people % 500 === 0 ? Console.log(`${people} people`) : Effect.void
    },
    end: (file: string) => Console.log(`${isTerminal ? "\r" : ""}${people} people are in ${file}`)
  }
})
