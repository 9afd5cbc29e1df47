/** The stores that are put to the test, by what is told to a program; and what they say of their tickets. */
import { NodeRedis } from "@effect/platform-node"
import { PgClient } from "@effect/sql-pg"
import { OutboxStore, OutboxStoreRedis, OutboxStoreSql, OutboxStoreSqlite } from "@sluice/outbox"
import { Effect, Layer, Redacted } from "effect"

/** Where an outbox is, as its program is told. */
export type Store =
  | { readonly kind: "sqlite"; readonly filename: string }
  | { readonly kind: "postgres"; readonly url: string }
  | { readonly kind: "redis"; readonly url: string; readonly prefix: string }

export const storeOf = (store: Store): Layer.Layer<OutboxStore.OutboxStore, unknown> => {
  switch (store.kind) {
    case "sqlite":
      return OutboxStoreSqlite.layer({ filename: store.filename })
    case "postgres":
      return OutboxStoreSql.layer.pipe(Layer.provide(PgClient.layer({ url: Redacted.make(store.url) })))
    case "redis":
      return OutboxStoreRedis.layer({ prefix: store.prefix }).pipe(Layer.provide(NodeRedis.layer({ url: store.url })))
  }
}

/** What the store says of each ticket. */
export const statesIn = (store: Store): Promise<ReadonlyMap<string, OutboxStore.State>> =>
  OutboxStore.OutboxStore.use(({ find }) => find({ limit: 100 })).pipe(
    Effect.map(({ tickets }) => new Map(tickets.map(({ id, state }) => [id, state] as const))),
    Effect.provide(storeOf(store)),
    Effect.runPromise
  )
