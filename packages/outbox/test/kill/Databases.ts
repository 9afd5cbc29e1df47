/** The databases whose stores are put to the test: each may be killed, and comes back with its data. */
import { join } from "node:path"
import { PgClient } from "@effect/sql-pg"
import { Effect, Redacted, type Scope } from "effect"
import { SqlClient } from "effect/sql"
import * as RedisProcess from "../../../core/test/redis/fleet/RedisProcess.ts"
import * as RedisServer from "../../../core/test/redis/RedisServer.ts"
import * as PostgresServer from "../support/PostgresServer.ts"
import type { Store } from "./Stores.ts"

export type Kind = Store["kind"]

export interface Database {
  readonly kind: Kind
  /** Where it listens; 0 for a file. */
  readonly port: number
  /** An outbox in which nothing is yet, with its address by a port. */
  readonly fresh: () => Promise<(port: number) => Store>
  /** Kills it at once, and starts it again with its data. */
  readonly fall: () => Promise<void>
}

export const kinds: ReadonlyArray<Kind> = ["sqlite", "postgres", "redis"]

/** Why a database cannot be put to the test on this machine, if so. */
export const missing: Readonly<Record<Kind, string | undefined>> = {
  sqlite: undefined,
  postgres: PostgresServer.canStart ? undefined : "no initdb and postgres",
  redis: RedisServer.program === undefined ? "no redis-server or valkey-server on PATH" : undefined
}

let sequence = 0

export const start = (
  kind: Kind,
  folder: string
): Effect.Effect<Database, PostgresServer.ServerError | RedisServer.ServerError, Scope.Scope> => {
  switch (kind) {
    case "sqlite":
      return Effect.succeed({
        kind,
        port: 0,
        fresh: () => {
          const filename = join(folder, `${sequence++}.db`)
          return Promise.resolve(() => ({ kind, filename }))
        },
        fall: () => Promise.resolve()
      })
    case "postgres":
      return Effect.gen(function* () {
        const server = yield* PostgresServer.make
        yield* server.start
        const at = (port: number) => `postgres://postgres@127.0.0.1:${port}/postgres`
        return {
          kind,
          port: server.port,
          fresh: async () => {
            const schema = `kill_${sequence++}`
            await Effect.runPromise(
              SqlClient.SqlClient.use((sql) => sql`CREATE SCHEMA ${sql(schema)}`).pipe(
                Effect.provide(PgClient.layer({ url: Redacted.make(at(server.port)) }))
              )
            )
            return (port) => ({ kind, url: `${at(port)}?options=-c%20search_path%3D${schema}` })
          },
          fall: () => Effect.runPromise(Effect.andThen(server.kill, server.start))
        }
      })
    case "redis":
      return Effect.gen(function* () {
        const server = yield* RedisProcess.make
        yield* server.start
        return {
          kind,
          port: server.port,
          fresh: () => {
            const prefix = `kill-${sequence++}`
            return Promise.resolve((port) => ({ kind, prefix, url: `redis://127.0.0.1:${port}` }))
          },
          fall: () => Effect.runPromise(Effect.andThen(server.kill, server.start))
        }
      })
  }
}
