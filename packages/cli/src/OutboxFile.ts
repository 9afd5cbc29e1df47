/** An outbox in an SQLite file that is there already, to be looked at and put right while others send from it. */
import { existsSync } from "node:fs"
import * as RateLimiter from "@sluice/core/RateLimiter"
import * as Outbox from "@sluice/outbox/Outbox"
import { Effect, Layer } from "effect"
import * as Catalogue from "./Catalogue.ts"

/** Fails where there is no such file, or one that holds no outbox: nothing is made. */
export const layer = (filename: string) =>
  Layer.unwrap(
    Effect.gen(function* () {
      yield* check(filename)
      // Only here: where `node:sqlite` is still experimental, it says so on the terminal.
      const { layer } = yield* Effect.promise(() => import("@sluice/outbox/OutboxStoreSqlite"))
      const made = Outbox.layerSender().pipe(Layer.provideMerge(layer({ filename })), Layer.provide(RateLimiter.layer))
      return Layer.effectContext(Effect.catch(Layer.build(made), (error) => cannot(filename, error)))
    })
  )

const check = Effect.fnUntraced(function* (filename: string) {
  if (!existsSync(filename)) return yield* Catalogue.fail(`There is no file ${JSON.stringify(filename)}.`)
  const { DatabaseSync } = yield* Effect.promise(() => import("node:sqlite"))
  const found = yield* Effect.catch(
    Effect.try({
      try: () => {
        const database = new DatabaseSync(filename, { readOnly: true })
        try {
          return database.prepare("SELECT 1 FROM sqlite_schema WHERE name = 'outbox_ticket'").get()
        } finally {
          database.close()
        }
      },
      catch: (error) => error as Error
    }),
    (error) => cannot(filename, error)
  )
  if (found === undefined) return yield* Catalogue.fail(`${JSON.stringify(filename)} holds no outbox.`)
})

const cannot = (filename: string, error: { readonly message: string }) =>
  Catalogue.fail(`${JSON.stringify(filename)} cannot be read as an outbox: ${error.message}.`, error)
