/**
 * A provider on 127.0.0.1 that counts exactly: it refuses a request that would be more than `limit` in the window before it,
 * counted at some instant of its way. It remembers each of them, so that others can count again. Ends with its scope.
 */
import { Effect, type Scope } from "effect"
import { createServer, type ServerResponse } from "node:http"

export interface Arrival {
  /** When it was counted, by this process's monotonic clock. */
  readonly atMillis: number
  readonly worker: string
  readonly isRefused: boolean
}

export interface Provider {
  readonly url: string
  readonly arrivals: ReadonlyArray<Arrival>
  /** From now on this worker's requests are counted and never answered. */
  readonly stall: (worker: string) => Effect.Effect<void>
  /** How many requests were never answered as yet. */
  readonly stalled: () => number
}

export interface Options {
  readonly limit: number
  readonly windowMillis: number
  /** The longest way to the count, and from it back; the shortest is a quarter. */
  readonly latencyMillis: number
  /** Whether it tells what is left, and when by the wall clock there will be more. */
  readonly tells?: boolean | undefined
}

export const make = ({
  latencyMillis,
  limit,
  tells = false,
  windowMillis
}: Options): Effect.Effect<Provider, never, Scope.Scope> =>
  Effect.gen(function* () {
    const arrivals: Array<Arrival> = []
    const stalling = new Set<string>()
    let stalled = 0
    let admitted: Array<number> = []

    const some = () => latencyMillis * (0.25 + 0.75 * Math.random())
    const count = (worker: string) => {
      const atMillis = performance.now()
      admitted = admitted.filter((before) => before > atMillis - windowMillis)
      const isRefused = admitted.length >= limit
      if (!isRefused) admitted.push(atMillis)
      arrivals.push({ atMillis, worker, isRefused })
      return isRefused
    }
    const told = () => ({
      "x-ratelimit-limit": String(limit),
      "x-ratelimit-remaining": String(limit - admitted.length),
      "x-ratelimit-reset": String(Math.ceil((Date.now() + windowMillis) / 1000))
    })
    const answer = (worker: string, response: ServerResponse) => {
      const isRefused = count(worker)
      if (stalling.has(worker)) return void stalled++
      const headers = tells ? told() : {}
      setTimeout(() => response.writeHead(isRefused ? 429 : 200, headers).end("{}"), some())
    }
    // The count does not ask whether anybody is still there to be answered.
    const server = createServer((request, response) => {
      request.resume()
      setTimeout(() => answer((request.url ?? "/").slice(1), response), some())
    })
    server.keepAliveTimeout = 60_000
    yield* Effect.acquireRelease(
      Effect.callback<void>((resume) => void server.listen(0, "127.0.0.1", () => resume(Effect.void))),
      () =>
        Effect.callback<void>((resume) => {
          server.close(() => resume(Effect.void))
          server.closeAllConnections()
        })
    )
    const address = server.address()
    return {
      url: `http://127.0.0.1:${typeof address === "object" && address ? address.port : 0}`,
      arrivals,
      stall: (worker) => Effect.sync(() => void stalling.add(worker)),
      stalled: () => stalled
    }
  })
