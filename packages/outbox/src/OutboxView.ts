/**
 * Tickets as people may see them, on the status page and by `sluice outbox`: how each stands and why, without what it carries
 * unless that is asked for.
 *
 * @example
 * ```ts
 * import { OutboxView } from "@sluice/outbox"
 * import { Console, Effect } from "effect"
 *
 * const program = OutboxView.page({ state: "failed", search: "contact" }).pipe(
 *   Effect.flatMap(({ tickets }) => Effect.forEach(tickets, ({ id, why }) => Console.log(id, why)))
 * )
 * ```
 */
import { Effect } from "effect"
import { Outbox } from "./Outbox.ts"
import type { OutboxStoreError, TicketUnknown } from "./OutboxError.ts"
import { OutboxStore } from "./OutboxStore.ts"
import * as Listing from "./page/Listing.ts"
import type { Hideable, View } from "./page/View.ts"

export type { Hideable, View }
export type Asked = Listing.Asked
export type Page = Listing.Page
export type Shown = Listing.Shown

/** Which tickets may be asked for. */
export const shown: ReadonlyArray<Shown> = Listing.Shown.literals

/** A page of tickets, in the order in which they were stored. A search goes on for half a second at most, and `next` says where to go on. */
export const page = (
  asked: Asked = {},
  shows: ReadonlyArray<Hideable> = []
): Effect.Effect<Page, OutboxStoreError, Outbox> =>
  Outbox.use((outbox) => Listing.page({ outbox, shows: new Set(shows) }, asked))

/** One ticket. */
export const ticket = (
  id: string,
  shows: ReadonlyArray<Hideable> = []
): Effect.Effect<View, TicketUnknown | OutboxStoreError, Outbox | OutboxStore> =>
  Effect.gen(function* () {
    const outbox = yield* Outbox
    const { get } = yield* OutboxStore
    return yield* Listing.view({ outbox, shows: new Set(shows) }, yield* get(id))
  })
