/** What the processes of a run say to each other: the bench to the server's, and to the client's. */
import { Schema } from "effect"
import { Rpc, RpcGroup } from "effect/rpc"
import * as Network from "./Network.ts"
import { Origin } from "./SharedClock.ts"

const Common = {
  policy: Schema.String,
  isQuick: Schema.Boolean,
  origin: Origin,
  /** When the work begins, in the provider's time. */
  startAtMillis: Schema.Finite
}

/** By the server's count. */
export const Counts = Schema.Struct({ requests: Schema.Int, refusals: Schema.Int })

/** A server that is exact and forgets everything between two runs. */
export class ServerRpcs extends RpcGroup.make(
  Rpc.make("Open", {
    payload: {
      ...Common,
      network: Schema.Literals(Network.ids),
      seed: Schema.Int,
      phaseMillis: Schema.Finite
    },
    /** Its base URL. */
    success: Schema.String
  }),
  Rpc.make("Close", { success: Counts })
) {}

/** What became of the work, in the provider's time. */
export const Outcome = Schema.Struct({
  startMillis: Schema.Finite,
  doneAfterMillis: Schema.Array(Schema.Finite),
  /** The end of the last call that was done, or of the budget. */
  elapsedMillis: Schema.Finite,
  /** The processor's time of the client's process, in the machine's. */
  processorMillis: Schema.Finite,
  failures: Schema.Array(Schema.String)
})
export type Outcome = typeof Outcome.Type

export class ClientRpcs extends RpcGroup.make(
  Rpc.make("Work", {
    payload: {
      ...Common,
      peer: Schema.String,
      url: Schema.String,
      /** Whoever is not done after so long is stopped. */
      budgetMillis: Schema.Finite
    },
    success: Outcome
  }),
  /** How many calls are done so far. */
  Rpc.make("Progress", { success: Schema.Int })
) {}
