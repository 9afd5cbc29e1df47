/**
 * Limiters of servers on Node, as processes of their own. All that are judges count alike: in a fixed window that begins
 * with the first request after the last one has ended, and in which refused requests are counted without moving its end.
 */
import { fileURLToPath } from "node:url"
import type { Source } from "@sluice/core/Quota"
import * as Quota from "@sluice/core/Quota"
import type { Judge } from "./Judge.ts"

export interface Options extends Pick<Judge, "calls" | "id" | "title" | "nameInHeaders"> {
  readonly docs: Source
  readonly limit: number
  readonly windowMillis: number
  /** The package, and how it tells the end of the window. */
  readonly what: string
  readonly reset: string
  /** Its program among `programs`, which takes a port, the limit, the window in milliseconds, and these. */
  readonly file: string
  readonly args?: ReadonlyArray<string>
}

export const make = (options: Options): Judge => {
  const { args = [], docs, file, limit, reset, what, windowMillis, ...judge } = options
  return {
    ...judge,
    docs,
    setup: `${what}, ${limit} in ${windowMillis / 1000} s. Told: the same as a fixed window, which begins with its first request and whose end is in the answers: ${reset}.`,
    price:
      "The end of the window is told too coarsely to help in windows this short, and so a slot cools for one from the answer: one round trip each window.",
    quota: Quota.fixed(limit, windowMillis, { name: "requests", phase: "reset", source: docs }),
    tellsLimit: true,
    counts: { start: "firstRequest" },
    program: ({ port }) => ({
      command: process.execPath,
      args: [
        fileURLToPath(new URL(`programs/${file}`, import.meta.url)),
        ...[port, limit, windowMillis].map(String),
        ...args
      ]
    })
  }
}
