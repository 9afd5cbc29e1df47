/** What the import asks of a disk, without one: virtual time does not wait for a disk. */
import { Effect, FileSystem, Layer, Stream } from "effect"

export const layer = Layer.sync(FileSystem.FileSystem, () => {
  const texts = new Map<string, string>()
  const read = (path: string) => Effect.sync(() => texts.get(path) ?? "")
  const write = (path: string, text: string): Effect.Effect<void> => Effect.sync(() => texts.set(path, text))
  return FileSystem.makeNoop({
    exists: (path) => Effect.sync(() => texts.has(path)),
    readFileString: read,
    stream: (path) => Stream.fromEffect(Effect.map(read(path), (text) => new TextEncoder().encode(text))),
    writeFileString: write,
    open: (path) => {
      const journal: Pick<FileSystem.File, "writeAll" | "sync"> = {
        writeAll: (bytes) => Effect.flatMap(read(path), (text) => write(path, text + new TextDecoder().decode(bytes))),
        sync: Effect.void
      }
      return Effect.succeed(journal as FileSystem.File)
    }
  })
})
