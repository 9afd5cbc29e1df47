import { assert, describe, it } from "@effect/vitest"
import { RateLimiter } from "@sluice/core"
import { Outbox, OutboxStoreSql } from "@sluice/outbox"
import * as SqliteClient from "@sluice/outbox/store/SqliteClient"
import { Effect, Layer } from "effect"
import { SqlClient } from "effect/sql"
import * as Acme from "./support/Acme.ts"

const client = SqliteClient.layer({ filename: ":memory:", busyTimeoutMillis: 0 })

describe("send", () => {
  const live = Outbox.layerSender().pipe(
    Layer.provideMerge(OutboxStoreSql.layer),
    Layer.provideMerge(client),
    Layer.provide(RateLimiter.layer)
  )

  it.effect("within a transaction of the same client is made or undone with it", () =>
    Effect.gen(function* () {
      const sql = yield* SqlClient.SqlClient
      yield* sql`CREATE TABLE contacts (name TEXT)`
      const save = (name: string, then: Effect.Effect<void, string>) =>
        Effect.gen(function* () {
          yield* sql`INSERT INTO contacts (name) VALUES (${name})`
          yield* Outbox.send(Acme.provider, Acme.put("/things/1", { name }), { id: name })
          yield* then
        }).pipe(sql.withTransaction)
      yield* save("Ada", Effect.void)
      yield* Effect.flip(save("Bob", Effect.fail("changed their mind")))
      const stored = yield* Outbox.find()
      assert.deepStrictEqual(
        stored.map(({ ticket }) => ticket.id),
        ["Ada"]
      )
      assert.deepStrictEqual(yield* sql`SELECT name FROM contacts`.values, [["Ada"]])
    }).pipe(Effect.provide(live))
  )
})
