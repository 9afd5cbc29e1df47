/** What the processes of a run say to each other: the bench to the server's, and to those of the workers. */
import { Schema } from "effect"
import { Rpc, RpcGroup } from "effect/rpc"
import { Counts } from "../Protocol.ts"

const Quota = { limit: Schema.Int, windowMillis: Schema.Finite }

/** A server that forgets everything between two runs. */
export class ServerRpcs extends RpcGroup.make(
  /** Gives its base URL. */
  Rpc.make("Open", { payload: Quota, success: Schema.String }),
  Rpc.make("Close", { success: Counts })
) {}

/** From when, by the machine's clock, and for how long. */
const Span = { startAtMillis: Schema.Finite, millis: Schema.Finite }

export const Worked = Schema.Struct({
  /** Calls that were answered in time, and not refused. */
  accepted: Schema.Int,
  /** Commands that were sent to Redis, a script counted as one. */
  commands: Schema.Int,
  failures: Schema.Array(Schema.String)
})
export type Worked = typeof Worked.Type

export class WorkerRpcs extends RpcGroup.make(
  /** Connects, and lets the peer's code be compiled if it is to be measured. */
  Rpc.make("Begin", {
    payload: { ...Quota, peer: Schema.String, redisUrl: Schema.String, name: Schema.String, isWarm: Schema.Boolean }
  }),
  /** Acquires again and again in so many loops; gives how long each took, in microseconds. */
  Rpc.make("Acquire", { payload: { ...Span, loops: Schema.Int }, success: Schema.Array(Schema.Finite) }),
  /** Requests that nothing counts: code is compiled, and connections are there. */
  Rpc.make("Visit", { payload: { url: Schema.String, connections: Schema.Int } }),
  /** Keeps so many calls waiting or under way. */
  Rpc.make("Work", { payload: { ...Span, url: Schema.String, calls: Schema.Int }, success: Worked }),
  /** Acquires so often, each time at an instant of its own. */
  Rpc.make("Take", { payload: { count: Schema.Int } })
) {}
