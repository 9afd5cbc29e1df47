import { afterAll, beforeAll, it } from "@effect/vitest"
import { OutboxStoreSql } from "@sluice/outbox"
import { Effect, Exit, Layer, Scope } from "effect"
import * as PostgresServer from "./support/PostgresServer.ts"
import { manyWorkers } from "./support/manyWorkers.ts"
import { mergingContract } from "./support/mergingContract.ts"
import { contract } from "./support/storeContract.ts"

PostgresServer.describePostgres("OutboxStoreSql over PostgreSQL", () => {
  const scope = Scope.makeUnsafe()
  let url = ""
  beforeAll(async () => {
    url = await Effect.runPromise(Scope.provide(PostgresServer.url, scope))
  }, 60_000)
  afterAll(() => Effect.runPromise(Scope.close(scope, Exit.void)), 60_000)

  contract("keeps the contract", () =>
    Layer.suspend(() => OutboxStoreSql.layer.pipe(Layer.provide(PostgresServer.client(url))))
  )

  mergingContract(
    "merges",
    () => Layer.suspend(() => OutboxStoreSql.layer.pipe(Layer.provide(PostgresServer.client(url)))),
    5
  )

  it.live("gives each ticket to one of many workers, and shows every change to who follows", () =>
    manyWorkers.pipe(
      Effect.provide(Layer.suspend(() => OutboxStoreSql.layer.pipe(Layer.provide(PostgresServer.client(url)))))
    )
  )
})
