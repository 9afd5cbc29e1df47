/** No limiter at all. */
import { Effect } from "effect"
import * as Attempt from "../Attempt.ts"
import type { Peer } from "../Peer.ts"

export const retryOnly: Peer = {
  id: "retry",
  title: "retry only",
  setup: "sends everything; repeats what was refused after Retry-After, or else by exponential backoff from a second",
  make: (setup) => Effect.succeed(Attempt.retrying((call) => Attempt.send(setup, call)))
}
