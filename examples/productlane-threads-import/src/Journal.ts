/** What became of each thread, kept in a file, so that an import that was stopped goes on where it was. */
import { Effect, FileSystem, Schema, Stream } from "effect"

/** `sending` is on the disk before a thread is sent. Where nothing follows it, nobody knows whether the thread was made. */
const Entry = Schema.Struct({
  id: Schema.String,
  state: Schema.Literals(["sending", "made", "not made"]),
  /** The id that it got. */
  thread: Schema.optionalKey(Schema.String)
})
export type Entry = typeof Entry.Type

const decode = Schema.decodeResult(Schema.fromJsonString(Entry))

/** The last state of each thread, by its id. A line that was cut off as the power went says nothing. */
export const read = Effect.fnUntraced(function* (path: string) {
  const files = yield* FileSystem.FileSystem
  const states = new Map<string, Entry["state"]>()
  if (!(yield* files.exists(path))) return states
  yield* files.stream(path).pipe(
    Stream.decodeText(),
    Stream.splitLines,
    Stream.filterMap((line) => decode(line)),
    Stream.runForEach(({ id, state }) => Effect.sync(() => states.set(id, state)))
  )
  return states
})

/** Appends until the scope closes. An entry is on the disk when its effect has ended. */
export const writer = Effect.fnUntraced(function* (path: string) {
  const files = yield* FileSystem.FileSystem
  const file = yield* files.open(path, { flag: "a" })
  return Effect.fnUntraced(function* (entry: Entry) {
    // Begins a line of its own, whatever became of the last one.
    yield* file.writeAll(new TextEncoder().encode(`\n${JSON.stringify(entry)}`))
    yield* file.sync
  })
})
