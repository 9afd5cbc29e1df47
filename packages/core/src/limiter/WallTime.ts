/** Instants as dates of the wall clock. */
import { DateTime, Option } from "effect"

/** Beyond what dates can say, the last of them. */
export const dateOf = (epochMillis: number): DateTime.Utc => DateTime.makeUnsafe(Math.min(epochMillis, 8.64e15))

/** None for what only an answer can tell, or never comes. */
export const knownDate = (epochMillis: number): Option.Option<DateTime.Utc> =>
  epochMillis === Infinity ? Option.none() : Option.some(dateOf(epochMillis))
