/**
 * Pages as a stream: one request a page, each admitted like any other, and only as fast as they are consumed.
 *
 * @example
 * ```ts
 * import { Paginate } from "@sluice/core"
 * import { Effect } from "effect"
 *
 * declare const fetchPage: (offset: number) => Effect.Effect<ReadonlyArray<string>>
 *
 * const people = Paginate.stream(0, (offset: number) =>
 *   Effect.map(fetchPage(offset), (items) => ({ items, next: items.length < 500 ? undefined : offset + 500 }))
 * )
 * ```
 */
import { Data, Effect, Equal, Option, Stream } from "effect"

/** One page, and where the next one is; none where this was the last. */
export interface Page<A, Cursor> {
  readonly items: ReadonlyArray<A>
  readonly next: Cursor | undefined
}

/** A server that names as the next page the one that it has just given would be asked for ever. */
export class PaginationError extends Data.TaggedError("PaginationError")<{ readonly cursor: unknown }> {
  override get message() {
    return `The page after ${String(this.cursor)} is said to be itself; the pages end here.`
  }
}

/** The items of all pages from `start` on, in order. */
export const stream = <A, Cursor, E, R>(
  start: Cursor,
  page: (cursor: Cursor) => Effect.Effect<Page<A, Cursor>, E, R>
): Stream.Stream<A, E | PaginationError, R> =>
  Stream.paginate(start, (cursor) =>
    Effect.flatMap(page(cursor), ({ items, next }) =>
      next !== undefined && Equal.equals(next, cursor)
        ? Effect.fail(new PaginationError({ cursor }))
        : Effect.succeed([items, Option.fromUndefinedOr(next)] as const)
    )
  )
