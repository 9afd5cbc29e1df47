/** API calls that are stored first and sent when their quota has room. */
export * as Call from "./Call.ts"
export * as Failure from "./Failure.ts"
export * as Outbox from "./Outbox.ts"
export * as OutboxError from "./OutboxError.ts"
export * as OutboxStore from "./OutboxStore.ts"
export * as OutboxStoreSql from "./OutboxStoreSql.ts"
export * as OutboxStoreSqlite from "./OutboxStoreSqlite.ts"
export * as Ticket from "./Ticket.ts"
