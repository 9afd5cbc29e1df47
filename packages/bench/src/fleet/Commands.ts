/**
 * How many commands this process sends to Redis, as the drivers tell.
 *
 * Redis 7.0 does not know it: `total_commands_processed`, `commandstats` and the slow log all count what runs inside of
 * scripts too.
 */
import { tracingChannel } from "node:diagnostics_channel"

/** Counts from now on; gives the count so far. */
export const count = (): (() => number) => {
  let commands = 0
  for (const driver of ["ioredis", "node-redis"]) {
    tracingChannel(`${driver}:command`).start.subscribe(() => commands++)
  }
  return () => commands
}
