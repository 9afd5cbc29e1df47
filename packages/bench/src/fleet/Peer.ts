/** What is compared: something that several processes share one quota through, by way of one Redis. */
import type { Effect, Scope } from "effect"
import type { Answer } from "../Attempt.ts"
import type { CallFailed } from "../Peer.ts"

export interface Peer {
  readonly id: string
  readonly title: string
  /** What it is told. */
  readonly setup: string
  readonly make: (setup: Setup) => Effect.Effect<Admit, CallFailed, Scope.Scope>
}

export interface Quota {
  readonly limit: number
  readonly windowMillis: number
}

/** The same in every process of a run. */
export interface Setup extends Quota {
  readonly redisUrl: string
  /** Is part of the name of each key in Redis, and of no other run's. */
  readonly name: string
}

/** Sends once it may. */
export type Admit = (send: Effect.Effect<Answer, CallFailed>) => Effect.Effect<Answer, CallFailed>
