/** What is compared: something that does a call until it is done, at a pace of its own. */
import type { Call } from "@sluice/cli/Naive"
import { Data, type Effect, type Scope } from "effect"
import type { HttpClient } from "effect/http"
import type { Limit, Loaded } from "./Policy.ts"

export interface Peer {
  readonly id: string
  readonly title: string
  /** How it is set up. */
  readonly setup: string
  /** Default: it can be set up for every policy. */
  readonly suits?: (loaded: Loaded) => boolean
  readonly make: (setup: Setup) => Effect.Effect<Perform, never, HttpClient.HttpClient | Scope.Scope>
}

export interface Setup {
  readonly loaded: Loaded
  readonly baseUrl: string
  /** The longest first; at least one. */
  readonly limits: ReadonlyArray<Limit>
}

/** Succeeds once the provider has done the call and its answer is read. */
export type Perform = (call: Call) => Effect.Effect<void, CallFailed, HttpClient.HttpClient>

export class CallFailed extends Data.TaggedError("CallFailed")<{ readonly message: string }> {}
