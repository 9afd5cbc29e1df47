/** A run as `docs/benchmarks-redis.md`. */
import * as Machine from "../Machine.ts"
import * as Table from "../Table.ts"
import * as Tables from "./Tables.ts"

export const file = "benchmarks-redis.md"

export const markdown = (report: Tables.Report): string =>
  [
    "# Benchmarks: one key in Redis",
    "",
    "Several processes share one quota through one Redis, each peer in turn: `npm run bench:redis` prints this again,",
    "`npm run bench:redis -- --docs` writes this page.",
    "",
    `Measured: ${Machine.says(report.machine)}.`,
    "",
    ...explanation,
    "",
    `${Tables.repeatsOf(report)}.`,
    ...Tables.tables(report.rows).flatMap((table) => ["", ...Table.markdown(table)]),
    ...Tables.failuresOf(report).flatMap((line) => ["", line]),
    "",
    "## How each is set up",
    "",
    ...Table.markdown(
      { header: ["", "setup"], body: Tables.peersOf(report).map(({ setup, title }) => [title, setup]) },
      "left"
    ),
    ""
  ].join("\n")

const explanation = [
  "Workers are processes of their own, new for each run, and so is the server; Redis is on the same machine, which all of them share.",
  "Each peer is told the quota as published, and nothing of the server or the network. What they share are the machine's processors, too:",
  "at 1000 a second these may be what binds before any limiter does, the more so the higher the load was.",
  "",
  "**An acquisition** is all that a call costs that is done at once: what is told after it is included where a peer tells anything. The",
  "quota is of a million in a thousand seconds, which nobody uses up. Each worker acquires one after the other, and then in 16 loops",
  "side by side. **Redis each**: its processor's time for each of the latter, which depends less than the rest on what else the",
  "machine does.",
  "",
  "**At saturation** the server counts exactly, by a log of the last second, and is 5 to 50 ms away, each way. The workers together keep",
  "three times as many calls waiting or under way as a second admits. What was refused is repeated after `Retry-After`, which is in",
  "whole seconds, through the limiter again.",
  "",
  "- **accepted**: calls that were answered in time and not refused. **refusals**, **refused**: by the server's count.",
  "- **share of best**: of what a client that knows everything would have had accepted from a cold start.",
  "- **commands each**: that the drivers sent to Redis, a script counted as one, for each accepted call.",
  "- **Redis each**: its processor's time for each accepted call, refusals and waiting included.",
  "- **least / most**: what the worker with the fewest accepted calls had, of what the one with the most had.",
  "",
  "Where another one is cheaper, it does less. rate-limiter-flexible and Effect's store add to a count that begins anew or drains, and are",
  "told nothing when a call ends. bottleneck is told, for its `maxConcurrent`, and keeps calls apart by `minTime`. None of them knows when",
  "the server counts: they count when a call is let go, so that two that were let go in different windows can arrive in one.",
  "",
  "**Memory** is that of all keys after a minute's quota has been used. A rolling quota that is kept exactly needs each request's instant;",
  "those who keep a count need no more for a million, and cannot tell when in the window it was used."
]
