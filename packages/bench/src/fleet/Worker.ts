/** What a worker does through its peer. */
import { Clock, Duration, Effect, Result } from "effect"
import { Headers, HttpClient } from "effect/http"
import * as Attempt from "../Attempt.ts"
import { CallFailed } from "../Peer.ts"
import * as Commands from "./Commands.ts"
import type { Admit } from "./Peer.ts"
import type { Worked } from "./Protocol.ts"

interface Span {
  readonly startAtMillis: number
  readonly millis: number
}

const until = (startAtMillis: number) =>
  Effect.flatMap(Clock.currentTimeMillis, (now) => Effect.sleep(Math.max(0, startAtMillis - now)))

const nothing = Effect.succeed<Attempt.Answer>({ status: 200, retryAfterMillis: undefined })

/** So many at a time compile what it takes. */
export const warmUp = (admit: Admit): Effect.Effect<void, CallFailed> =>
  Effect.all(
    Array.from({ length: 200 }, () => admit(nothing)),
    { concurrency: 50, discard: true }
  )

/** Books may hold what comes at one instant as one thing, which is cheaper than what most lives are like. */
export const take = (admit: Admit, count: number): Effect.Effect<void, CallFailed> =>
  Effect.forEach(Array.from({ length: count }), () => Effect.delay(admit(nothing), "2 millis"), { discard: true })

/** Gives how long each acquisition took that was over in time, in microseconds. */
export const acquire = Effect.fnUntraced(function* (
  admit: Admit,
  { loops, millis, startAtMillis }: Span & { readonly loops: number }
) {
  const micros: Array<number> = []
  const once = Effect.suspend(() => {
    const startedAt = performance.now()
    return Effect.map(admit(nothing), () => void micros.push((performance.now() - startedAt) * 1000))
  })
  const loop = Effect.forever(once)
  yield* until(startAtMillis)
  yield* Effect.all(
    Array.from({ length: loops }, () => loop),
    { concurrency: "unbounded", discard: true }
  ).pipe(Effect.timeoutOption(millis))
  return micros
})

/** Whoever fails waits before the next call, so that a Redis that is gone is not asked without end. */
const pauseMillis = 100

/** Each call is repeated after the refusal's time, through the limiter again, and then there is the next one. */
export const work = Effect.fnUntraced(function* (
  admit: Admit,
  { calls, millis, startAtMillis, url }: Span & { readonly calls: number; readonly url: string }
): Effect.fn.Return<Worked, never, HttpClient.HttpClient> {
  const client = yield* HttpClient.HttpClient
  const failures: Array<string> = []
  let accepted = 0
  const call = admit(send(client, url)).pipe(
    Effect.flatMap((answer) => {
      if (Attempt.isRefusal(answer)) return Effect.sleep(Attempt.waitMillis(answer, 1))
      accepted++
      return Effect.void
    }),
    Effect.catch(({ message }) => {
      failures.push(message)
      return Effect.sleep(pauseMillis)
    })
  )
  yield* until(startAtMillis)
  const commands = Commands.count()
  yield* Effect.all(
    Array.from({ length: calls }, () => Effect.forever(call)),
    { concurrency: "unbounded", discard: true }
  ).pipe(Effect.timeoutOption(millis))
  return { accepted, commands: commands(), failures: failures.slice(0, 10) }
})

const send = (client: HttpClient.HttpClient, url: string): Effect.Effect<Attempt.Answer, CallFailed> =>
  client.get(url).pipe(
    Effect.tap((response) => response.text),
    Effect.map(({ headers, status }) => ({ status, retryAfterMillis: retryAfterMillis(headers["retry-after"]) })),
    Effect.mapError(
      ({ message, reason }) => new CallFailed({ message: "cause" in reason ? `${message}: ${reason.cause}` : message })
    )
  )

const retryAfterMillis = (value = "") => {
  const told = Headers.parseRetryAfter(value)
  return Result.isSuccess(told) ? Duration.toMillis(Headers.retryAfterDelay(told.success, Date.now())) : undefined
}
