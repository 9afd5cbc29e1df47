/**
 * What one partition has to tell Redis and to ask of it: one call of the script at a time, with all that came up meanwhile.
 *
 * A call that fails is made again until it is answered: leases have names, so that whatever is said twice is done once.
 */
import { Effect, Schedule } from "effect"
import type { Redis } from "effect/persistence"
import type { Outcome, Permit } from "../Admission.ts"
import type { Claim } from "../Claim.ts"
import type { Signal } from "../Signal.ts"
import { type Answer, Call, type Options, type Shown } from "./Call.ts"
import * as Library from "./Library.ts"

/** So much of each goes into one call, which is one step for everybody else. */
const mostWants = 32
const mostEnds = 128

/** A question that is under way or answered. */
export interface Question {
  readonly permit: Permit
  readonly lease: string
  /** When the lease was asked for, by our clock: its fence is counted from then. */
  readonly askedAt: number
  readonly reserved: ReadonlyArray<number>
  readonly versions: ReadonlyArray<number>
  /** The need that held it back when it was last answered. */
  readonly need: number
  answer: Answer | undefined
  /** Nobody wants the answer any more: what is granted is given back. */
  isDropped: boolean
}

type Stop =
  | readonly ["end", Claim, string, Outcome, Signal, wallMillis: number, latencyMillis: number]
  | readonly ["release", Claim, string, "read" | "cut"]

export class Desk {
  private readonly options: () => Options
  private readonly ttlMillis: number
  private readonly onAnswers: (questions: ReadonlyArray<Question>, shown: ReadonlyMap<string, Shown>) => void
  private stops: Array<Stop> = []
  private questions: Array<Question> = []
  private isCalling = false

  constructor(options: () => Options, ttlMillis: number, onAnswers: Desk["onAnswers"]) {
    this.options = options
    this.ttlMillis = ttlMillis
    this.onAnswers = onAnswers
  }

  /** Whether there is nothing to say to Redis. */
  get isEmpty(): boolean {
    return this.stops.length === 0 && this.questions.length === 0
  }

  /** Whether nothing is under way either. */
  get isIdle(): boolean {
    return this.isEmpty && !this.isCalling
  }

  ask(question: Question): void {
    this.questions.push(question)
  }

  stop(...stop: Stop): void {
    this.stops.push(stop)
  }

  /** Nobody asks any more. */
  close(): void {
    this.questions = []
  }

  /** Calls until there is nothing left to say. */
  readonly run: Effect.Effect<void, never, Redis.Redis> = Effect.gen({ self: this }, function* () {
    this.isCalling = true
    while (!this.isEmpty) {
      const stops = this.stops.splice(0, mostEnds)
      const questions = this.questions.splice(0, mostWants).filter(({ isDropped }) => !isDropped)
      const call = this.callOf(stops, questions)
      if (call.keys.length === 0) continue
      const lines = yield* Library.call(call.keys, call.args).pipe(
        Effect.retry(Schedule.min([Schedule.exponential("20 millis"), Schedule.spaced("1 second")])),
        Effect.orDie
      )
      const { answers, shown } = call.read(lines)
      questions.forEach((question, i) => {
        question.answer = answers[i]
        const { lease, permit } = question
        if (question.isDropped && question.answer?._tag === "Granted") this.giveBack(permit.claim, lease)
      })
      this.onAnswers(questions, shown)
    }
    this.isCalling = false
  })

  /** Gives a lease back of which nothing was sent. */
  giveBack(claim: Claim, lease: string): void {
    this.stop("end", claim, lease, "unsent", { readings: [] }, 0, 0)
  }

  private callOf(stops: ReadonlyArray<Stop>, questions: ReadonlyArray<Question>): Call {
    const call = new Call(this.options())
    for (const stop of stops) {
      if (stop[0] === "release") call.release(stop[1], stop[2], 1, stop[3])
      else call.end(stop[1], stop[2], 1, stop[3], stop[4], stop[5], stop[6])
    }
    for (const { lease, permit, reserved } of questions) call.want(permit.claim, lease, 1, this.ttlMillis, reserved)
    return call
  }
}
