/** What may go wrong between a client and a server, as data: shares of requests, and spans of true time in milliseconds. */

/** An episode of true time. */
export interface Span {
  readonly from: number
  readonly until: number
}

export interface Faults {
  /** Requests that never arrive, which the client gives up. */
  readonly lostRequests?: number
  /** Requests that are counted and whose responses never come. */
  readonly lostResponses?: number
  /** Requests that the client gives up early, and that the server reads and counts when it likes. */
  readonly aborted?: number
  /** Requests that the client gives up before any byte was sent. */
  readonly unsent?: number
  /** The client waits no longer for a response; what it gave up is counted all the same. */
  readonly timeoutMillis?: number
  /** From time to time everything is answered with a 5xx, counted or not. */
  readonly errors?: { readonly everyMillis: number; readonly lastMillis: number; readonly isCounted: boolean }
  readonly headers?: HeaderFaults
  /** Requests are judged when they come, and counted up to so much later, be it after their answer. */
  readonly lagMillis?: number
  /** Steps of the server's clock. */
  readonly jumps?: ReadonlyArray<{ readonly at: number; readonly byMillis: number }>
  readonly lowered?: Span & { readonly part: number }
  readonly others?: Span & { readonly perSecond: number }
  /** Requests that are refused are counted as well. */
  readonly countsRefused?: boolean
  /** The server forgets everything from time to time. */
  readonly restartEveryMillis?: number
}

/** Shares of responses whose headers are wrong, each in its own way. */
export interface HeaderFaults {
  readonly missing?: number
  /** Headers of an earlier response, at most so old. */
  readonly staleMillis?: number
  /** Texts that mean nothing. */
  readonly rubbish?: number
  /** Wrong limits and remainders. */
  readonly falseCounts?: number
  /** Wrong resets and dates. */
  readonly falseTimes?: number
}

/** How a server tells of its counters; by default it is silent. */
export type Tells = "floor" | "round" | "ceil" | "after" | "remaining"
