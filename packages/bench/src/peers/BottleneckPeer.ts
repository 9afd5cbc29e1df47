/** bottleneck 2.19: https://github.com/SGrondin/bottleneck#readme, "Reservoir Intervals", "Chaining" and "Retries" */
import Bottleneck from "bottleneck"
import { Data, Effect } from "effect"
import type { HttpClient } from "effect/http"
import * as Attempt from "../Attempt.ts"
import type { Peer, Perform, Setup } from "../Peer.ts"
import type { Limit } from "../Policy.ts"
import * as Promises from "./Promises.ts"

export const minTime: Peer = {
  id: "bottleneck",
  title: "bottleneck minTime",
  setup: "minTime of the slowest window, retries by its failed event",
  make: (setup) => performer(setup, [{ minTime: Math.ceil(Math.max(...setup.limits.map(spacing))) }])
}

export const reservoir: Peer = {
  id: "bottleneck-reservoir",
  title: "bottleneck reservoir",
  setup:
    "a refreshed reservoir for each window, in intervals of 250 ms as it asks for, chained; retries by its failed event",
  make: (setup) => performer(setup, setup.limits.map(reservoirOf))
}

const spacing = ({ limit, machineMillis }: Limit) => machineMillis / limit

const reservoirOf = ({ limit, machineMillis }: Limit): Bottleneck.ConstructorOptions => ({
  reservoir: limit,
  reservoirRefreshAmount: limit,
  reservoirRefreshInterval: Math.ceil(machineMillis / 250) * 250
})

/** Its retries are told by the failure of a job. */
class Refused extends Data.TaggedError("Refused")<{ readonly answer: Attempt.Answer }> {}

const performer = (
  setup: Setup,
  options: ReadonlyArray<Bottleneck.ConstructorOptions>
): Effect.Effect<Perform, never, HttpClient.HttpClient> =>
  Effect.map(Promises.sender(setup), (send) => {
    const { speed } = setup.loaded
    const limiters = options.map((options) => new Bottleneck(options))
    for (const [index, limiter] of limiters.entries()) limiter.chain(limiters[index + 1])
    limiters
      .at(-1)
      ?.on("failed", async (error: unknown, { retryCount }) =>
        error instanceof Refused ? Attempt.waitMillis(error.answer, retryCount + 1) / speed : undefined
      )
    const [outermost] = limiters
    return (call) =>
      Effect.tryPromise({
        try: () =>
          outermost?.schedule(async () => {
            const answer = await send(call)
            if (Attempt.isRefusal(answer)) throw new Refused({ answer })
            return answer
          }) ?? send(call),
        catch: Promises.callFailed
      }).pipe(Effect.flatMap((answer) => Attempt.checked(answer, call)))
  })
