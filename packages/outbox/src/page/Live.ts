/** What becomes of tickets, as server-sent events; several changes are told at once where there are many. */
import * as Live from "@sluice/page/Live"
import { Stream } from "effect"
import type { Change } from "../Ticket.ts"

export const events = (changes: Stream.Stream<Change>) =>
  changes.pipe(
    Stream.groupedWithin(256, "100 millis"),
    Stream.map((some) => Live.event(some.map(({ id, provider, state }) => ({ id, provider, state })))),
    Live.response
  )
