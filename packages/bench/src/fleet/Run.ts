/** One peer by one measure: its workers, and the figures. */
import { Clock, Effect, Option, type Scope } from "effect"
import type { RpcClientError } from "effect/rpc"
import * as Measurement from "../Measurement.ts"
import * as Processes from "../Processes.ts"
import * as Exact from "./Exact.ts"
import { expectedMillis, type Measure, type Task } from "./Plan.ts"
import { ServerRpcs, WorkerRpcs } from "./Protocol.ts"
import type { Redis } from "./Redis.ts"

export type Figures = Readonly<Record<string, number>>

export interface Ran {
  readonly figures: Figures
  readonly failures: ReadonlyArray<string>
}

const startWorker = Processes.start(WorkerRpcs, "./fleet/workerProcess.ts")
export const startServer = Processes.start(ServerRpcs, "./fleet/serverProcess.ts")

type Worker = Effect.Success<typeof startWorker>
export type Server = Effect.Success<typeof startServer>
export type Failure = Effect.Error<typeof startWorker> | RpcClientError.RpcClientError

export interface Place {
  readonly redis: Redis
  readonly server: Server
}

/** Whoever takes much longer than anybody should has no figures. */
export const run = (task: Task, place: Place): Effect.Effect<Ran, Failure> => {
  const atMostMillis = 60_000 + 2 * expectedMillis(task)
  return Effect.map(
    Effect.timeoutOption(Effect.scoped(whole(task, place)), atMostMillis),
    Option.getOrElse((): Ran => ({
      figures: {},
      failures: [`did not end within ${Math.round(atMostMillis / 1000)} s`]
    }))
  )
}

let runs = 0

const whole = Effect.fnUntraced(function* (
  { measure, peer }: Task,
  place: Place
): Effect.fn.Return<Ran, Failure, Scope.Scope> {
  const { quota, workers: count } = measure
  const { redis } = place
  const all = `sluice-bench:${process.pid}:`
  const name = `${all}${++runs}`
  yield* redis.forget(all)
  yield* Effect.addFinalizer(() => redis.forget(all))
  const workers = yield* Effect.all(
    Array.from({ length: count }, () => startWorker),
    { concurrency: "unbounded" }
  )
  const isWarm = measure.kind !== "memory"
  yield* each(workers, (worker) => worker.Begin({ ...quota, peer: peer.id, redisUrl: redis.url, name, isWarm }))
  return yield* measures[measure.kind](measure, workers, place, all)
})

/** A measure with workers who have begun; `name` is part of all keys of the run. */
type Measuring = (
  measure: Measure,
  workers: ReadonlyArray<Worker>,
  place: Place,
  name: string
) => Effect.Effect<Ran, Failure, Scope.Scope>

const each = <A, E, R>(workers: ReadonlyArray<Worker>, run: (worker: Worker) => Effect.Effect<A, E, R>) =>
  Effect.forEach(workers, run, { concurrency: "unbounded" })

/** So that all hear of it before it begins. */
const soon = (millis: number) => Effect.map(Clock.currentTimeMillis, (now) => now + millis)

const crowd = 16

const acquisition: Measuring = Effect.fnUntraced(function* ({ millis }, workers, { redis }) {
  const measured = Effect.fnUntraced(function* (loops: number) {
    const startAtMillis = yield* soon(200)
    return (yield* each(workers, (worker) => worker.Acquire({ startAtMillis, millis, loops }))).flat()
  })
  const alone = yield* measured(1)
  const before = yield* redis.processorMicros
  const crowded = yield* measured(crowd)
  const micros = (yield* redis.processorMicros) - before
  const of = (micros: ReadonlyArray<number>, share: number) => Measurement.percentile(micros, share)
  const figures = {
    aloneRate: (alone.length * 1000) / millis,
    aloneMedian: of(alone, 0.5),
    alone99: of(alone, 0.99),
    rate: (crowded.length * 1000) / millis,
    median: of(crowded, 0.5),
    p99: of(crowded, 0.99),
    micros: micros / crowded.length
  }
  return { figures, failures: [] }
})

/** The quota could be used so many times over by the calls that wait. */
const demand = 3

const saturation: Measuring = Effect.fnUntraced(function* ({ millis, quota }, workers, { redis, server }) {
  const url = yield* server.Open(quota)
  const calls = Math.ceil((demand * quota.limit) / workers.length)
  yield* each(workers, (worker) => worker.Visit({ url, connections: calls }))
  const before = yield* redis.processorMicros
  const startAtMillis = yield* soon(200)
  const worked = yield* each(workers, (worker) => worker.Work({ startAtMillis, millis, url, calls }))
  const micros = (yield* redis.processorMicros) - before
  const { refusals, requests } = yield* server.Close()
  const accepted = worked.map(({ accepted }) => accepted)
  const sum = (numbers: ReadonlyArray<number>) => numbers.reduce((sum, number) => sum + number, 0)
  const done = sum(accepted)
  const figures = {
    accepted: done,
    refusals,
    refusedShare: requests === 0 ? 0 : refusals / requests,
    share: done / Exact.mostDone(quota, millis),
    commands: sum(worked.map(({ commands }) => commands)) / done,
    micros: micros / done,
    fairness: Math.min(...accepted) / Math.max(...accepted)
  }
  return { figures, failures: worked.flatMap(({ failures }) => failures) }
})

/** What is told after an answer has reached Redis. */
const settledMillis = 500

const memory: Measuring = Effect.fnUntraced(function* ({ quota: { limit } }, workers, { redis }, name) {
  yield* each(workers, (worker) => worker.Take({ count: limit }))
  yield* Effect.sleep(settledMillis)
  const bytes = yield* redis.bytes(name)
  return { figures: { bytes, each: bytes / limit }, failures: [] }
})

const measures = { acquisition, saturation, memory } satisfies Record<Measure["kind"], Measuring>
