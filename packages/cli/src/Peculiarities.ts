/**
 * What is special about each provider, once: refusals provoked on a key and a server of their own, caught by their tag; a
 * deadline refused with the earliest instant; a waiter that is interrupted. None of it is counted in the table.
 */
import { AdmissionError } from "@sluice/core/AdmissionError"
import * as RateLimiter from "@sluice/core/RateLimiter"
import { Simulator } from "@sluice/simulator"
import { Clock, DateTime, Effect, Fiber, Redacted, Result } from "effect"
import type { Client } from "./Catalogue.ts"
import { httpClient, type Plan } from "./Lane.ts"
import * as Naive from "./Naive.ts"
import * as ScaledClock from "./ScaledClock.ts"

export interface Peculiarity {
  readonly about: string
  readonly says: string
}

export interface Peculiarities {
  readonly list: ReadonlyArray<Peculiarity>
  /** Refusals that were asked for, by the server's count. */
  readonly provoked: number
}

/** How often a closure is looked at that may have ended in between. */
const attempts = 5

export const run = ({ board, entry, seed, work }: Plan): Effect.Effect<Peculiarities> => {
  const { quotas } = entry.simulation
  const tag = `${entry.title}RateLimited`
  // Its server has no room at all today: nothing has to be used up first.
  const lower = Object.keys(quotas).map((quota) => ({ quota, limit: 0 }))
  return Effect.gen(function* () {
    const served = yield* Simulator.serve(entry.simulation, { seed, lower })
    if (board !== undefined) yield* board.show(work.speed)
    const make = (key: string) => entry.module.make({ apiKey: Redacted.make(key), baseUrl: served.url, retry: "none" })
    const list: Array<Peculiarity> = []

    if (work.provoked) {
      const { call, says } = work.provoked
      list.push({ about: `a refusal forced by ${says}`, says: yield* refusalOf(yield* make("demo-forced"), call, tag) })
    }
    const client = yield* make("demo-provoked")
    const call = work.call(0)
    for (let attempt = 1; attempt <= attempts; attempt++) {
      const refused = yield* refusalOf(client, call, tag)
      const late = yield* deadlineOf(client, call)
      const before = (yield* served.stats).requests
      const waiter = yield* Effect.forkChild(client.execute(Naive.requestOf(call)), { startImmediately: true })
      yield* Effect.sleep(1)
      yield* Fiber.interrupt(waiter)
      const sent = (yield* served.stats).requests - before
      if (attempt < attempts && (late === undefined || sent > 0)) continue
      list.push({ about: "a refusal caught by its tag", says: refused })
      list.push({ about: "a deadline of 1 ms", says: late ?? "could be met each time" })
      list.push({ about: "a waiter that was interrupted", says: `${sent} requests sent, nobody held up` })
      break
    }
    const { intercepted, refusals } = yield* served.stats
    return { list, provoked: refusals + intercepted }
  }).pipe(
    Effect.provide([RateLimiter.layer, httpClient], { local: true }),
    Effect.scoped,
    Effect.provideService(Clock.Clock, ScaledClock.make(work.speed)),
    Effect.orDie
  )
}

/** What the provider's own error says, caught by its tag. */
const refusalOf = (client: Client, call: Naive.Call, tag: string) =>
  client.execute(Naive.requestOf(call)).pipe(
    Effect.map(({ status }) => `was answered ${status}`),
    Effect.catchIf(
      (error) => error._tag === tag,
      (error) => Effect.succeed(`${tag}: ${error.message}`)
    ),
    Effect.catch((error) => Effect.succeed(`not ${tag}, but ${error._tag}: ${error.message}`))
  )

/** Refused by ourselves at once, with the earliest instant; nothing if the call could be sent. */
const deadlineOf = (client: Client, call: Naive.Call) =>
  Effect.map(
    Effect.result(client.execute(Naive.requestOf(call)).pipe(RateLimiter.within("1 millis"))),
    (result): string | undefined => {
      if (Result.isSuccess(result) || !(result.failure instanceof AdmissionError)) return undefined
      const { reason } = result.failure
      return reason._tag === "DeadlineExceeded"
        ? `refused at once, nothing sent; the earliest instant is ${DateTime.formatIso(reason.earliest)} (${reason.quota})`
        : `refused at once, nothing sent: ${reason.message}`
    }
  )
