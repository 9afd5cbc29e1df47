/**
 * A provider seen from its own side: what its server counts, how it says so, and a few endpoints with plausible data.
 *
 * A simulation is written from the provider's page, never from our `classify` and `decode`, or it would prove nothing.
 */
import type { Quota } from "./Quota.ts"

/** A request as a server sees it: header names in lower case, `path` without the query. */
export interface Request {
  readonly method: string
  readonly path: string
  readonly query: URLSearchParams
  readonly headers: Readonly<Record<string, string | undefined>>
  readonly body: string
}

export interface Response {
  readonly status: number
  readonly headers?: Readonly<Record<string, string>>
  /** Sent as JSON; a string is sent as it is. */
  readonly body?: unknown
}

/** One counter that a request is counted by: its promise, whose counter it is, and how many units it takes. */
export interface Meter {
  readonly quota: Quota
  readonly key: string
  readonly cost?: number
  /** A lower limit for this request alone. */
  readonly limit?: number
}

/** A counter after the request was counted or refused. Instants are epoch milliseconds of the server's clock, exact. */
export interface Reading {
  readonly meter: Meter
  readonly limit: number
  readonly remaining: number
  /** When the window ends (fixed) or the oldest unit leaves (rolling). */
  readonly resetAtMillis: number
  /** The earliest instant at which this request would be counted; now, if it was. */
  readonly retryAtMillis: number
  readonly isRefused: boolean
}

/** What a handler may use: the server's own clock, a count that makes ids differ, and what this one server remembers. */
export interface Context {
  readonly nowMillis: number
  readonly sequence: number
  /** Empty when the server starts; each running simulation has its own. */
  readonly memory: Map<string, unknown>
}

export interface Route {
  readonly method: string
  /** A path template such as `/v2/records/:id`. */
  readonly path: string
  readonly handle: (request: Request, params: Readonly<Record<string, string>>, context: Context) => Response
}

export interface Simulation {
  readonly id: string
  /** Where the real server lives: requests to this address are answered by the simulation. */
  readonly baseUrl: string
  /** Every promise that the server enforces, by name. */
  readonly quotas: Readonly<Record<string, Quota>>
  /** Answers before anything is counted: missing credentials, a test header that forces a refusal. */
  readonly intercept?: (request: Request, context: Context) => Response | undefined
  /** The counters of a request, under the quotas that are in force (a scenario may have changed them). */
  readonly meters: (request: Request, quotas: Readonly<Record<string, Quota>>) => ReadonlyArray<Meter>
  /** Headers on every response to a counted or refused request. */
  readonly headers: (readings: ReadonlyArray<Reading>, context: Context) => Readonly<Record<string, string>>
  /** The refusal; `refused` are the readings of the meters that had no room. */
  readonly refuse: (refused: ReadonlyArray<Reading>, request: Request, context: Context) => Response
  readonly routes: ReadonlyArray<Route>
}
