/** A run as `docs/benchmarks-outbox.md`. */
import * as Machine from "../Machine.ts"
import * as Table from "../Table.ts"
import * as Tables from "./Tables.ts"

export const file = "benchmarks-outbox.md"

export const markdown = (report: Tables.Report): string =>
  [
    "# Benchmarks: the outbox",
    "",
    "What calls cost that are on the disk before they are sent, in each store: `npm run bench:outbox` prints this again,",
    "`npm run bench:outbox -- --docs` writes this page.",
    "",
    `Measured: ${Machine.says(report.machine)}.`,
    "",
    ...explanation,
    "",
    `Stored by eight senders, sent and answered by one worker; ${report.calls} calls.`,
    ...Tables.tables(report).flatMap((table) => ["", ...Table.markdown(table)]),
    ""
  ].join("\n")

const explanation = [
  "PostgreSQL and Redis (with `appendfsync always`) are on the same machine. The provider answers at once, in memory, and its limiter admits",
  "all where calls are counted by the second. Nothing is answered before the disk has it, so that the disk is most of it; what else the",
  "machine did is in the load.",
  "",
  "- **store**: one call is stored. **send**: one is taken, marked as sent, and its answer written down. How many wait makes no difference.",
  "- **look**: a worker looks whether anything is due, expired or lost. **place**: how many go before the last one, exactly.",
  "- **page**: 25 tickets as `OutboxView.page` and the status page show them, with when each is expected to go, from the first on.",
  "  **summary**: how much waits, is under way and has failed, and until about when.",
  "- **search**: the last of all that wait is searched for. A search goes on for half a second, and then says where to go on.",
  "- **memory**: of the whole process, in MB."
]
