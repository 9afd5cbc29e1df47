/**
 * What one partition has to tell Redis and to ask of it: one call of the script at a time, with all that came up meanwhile.
 *
 * What has ended waits for the next question, as an end frees nothing before its slot has cooled, but not for longer than
 * somebody else could miss it. A call that fails is made again until it is answered: leases have names and slots have
 * places, so that whatever is said twice is done once.
 */
import { Effect, Schedule } from "effect"
import { Redis } from "effect/persistence"
import type { Outcome } from "../Admission.ts"
import type { Signal } from "../Signal.ts"
import { type Answer, Call, type Options, type Shown } from "./Call.ts"
import { script } from "./lua/Script.ts"
import type { Lease, Pool, Question, Slot } from "./Pool.ts"

const evaluated = Redis.script((keys: ReadonlyArray<string>, args: ReadonlyArray<string>) => [...keys, ...args], {
  lua: script,
  numberOfKeys: (keys) => keys.length
}).withReturnType<ReadonlyArray<string>>()

/** So much of each goes into one call, which is one step for everybody else. */
const mostQuestions = 32
const mostNews = 256

/** What there is to tell. */
export type News =
  | {
      readonly _tag: "End"
      readonly slot: Slot
      readonly outcome: Outcome
      readonly signal: Signal
      readonly wallMillis: number
      readonly latencyMillis: number
      readonly endedAt: number
    }
  | { readonly _tag: "Release"; readonly slot: Slot; readonly end: "read" | "cut" }
  | { readonly _tag: "Renew"; readonly lease: Lease; readonly millis: number }
  | { readonly _tag: "Leave"; readonly pool: Pool }

/** What a call was answered: each question, and the books. */
export interface Answered {
  /** When it was made, by our clock. */
  readonly calledAt: number
  readonly questions: ReadonlyArray<readonly [Question, Answer]>
  readonly shown: ReadonlyMap<string, Shown>
}

export interface Dependencies {
  readonly options: () => Options
  readonly leaseMillis: number
  /** This process's monotonic clock, in milliseconds. */
  readonly now: () => number
  /** Called before anything is told. */
  readonly onDue: (now: number) => void
  readonly onAnswered: (answered: Answered) => void
}

export class Desk {
  /** When there is something that must not wait any longer. */
  dueAt = Infinity
  private readonly dependencies: Dependencies
  private news: Array<News> = []
  private questions: Array<Question> = []
  private isCalling = false

  constructor(dependencies: Dependencies) {
    this.dependencies = dependencies
  }

  /** Whether there is nothing to say and nothing under way. */
  get isIdle(): boolean {
    return this.news.length === 0 && this.questions.length === 0 && !this.isCalling
  }

  ask(question: Question): void {
    this.questions.push(question)
    this.dueAt = -Infinity
  }

  /** Tells something by that instant, at the latest. */
  tell(news: News, by = -Infinity): void {
    this.news.push(news)
    this.dueAt = Math.min(this.dueAt, by)
  }

  /** There may be something to tell then. */
  isDueBy(at: number): void {
    this.dueAt = Math.min(this.dueAt, at)
  }

  /** Whatever there is to say is due. */
  hurry(): void {
    if (this.news.length > 0) this.dueAt = -Infinity
  }

  /** Calls until nothing is due. */
  readonly run: Effect.Effect<void, never, Redis.Redis> = Effect.gen({ self: this }, function* () {
    const redis = yield* Redis.Redis
    this.isCalling = true
    while (this.dueAt <= this.dependencies.now()) {
      this.dependencies.onDue(this.dependencies.now())
      const news = this.news.splice(0, mostNews)
      const questions = this.questions.splice(0, mostQuestions)
      this.dueAt = this.news.length + this.questions.length > 0 ? -Infinity : Infinity
      if (news.length + questions.length === 0) continue
      let calledAt = 0
      const { answers, shown } = yield* Effect.suspend(() => {
        calledAt = this.dependencies.now()
        const call = this.callOf(news, questions, calledAt)
        return Effect.map(redis.eval(evaluated)(call.keys, call.args), (lines) => call.read(lines))
      }).pipe(
        Effect.retry(Schedule.min([Schedule.exponential("20 millis"), Schedule.spaced("1 second")])),
        Effect.orDie
      )
      this.dependencies.onAnswered({
        calledAt,
        questions: questions.flatMap((question, i) => {
          const answer = answers[i]
          return answer ? [[question, answer] as const] : []
        }),
        shown
      })
    }
    this.isCalling = false
  })

  private callOf(news: ReadonlyArray<News>, questions: ReadonlyArray<Question>, now: number): Call {
    const { leaseMillis, options } = this.dependencies
    const call = new Call(options())
    for (const each of news) {
      switch (each._tag) {
        case "End": {
          const { endedAt, latencyMillis, outcome, signal, slot, wallMillis } = each
          const age = Math.max(0, Math.floor(now - endedAt))
          const { claim, name } = slot.lease
          call.end(claim, name, slot.place, outcome, signal, wallMillis, latencyMillis, age)
          break
        }
        case "Release":
          call.release(each.slot.lease.claim, each.slot.lease.name, each.slot.place, each.end)
          break
        case "Renew":
          call.renew(each.lease.claim, each.lease.name, each.millis)
          break
        case "Leave":
          call.leave(each.pool.claim, each.pool.place)
      }
    }
    for (const { lease, pool, reserved, slots, standing } of questions) {
      call.want(pool.claim, lease, slots, leaseMillis, reserved, standing(now))
    }
    return call
  }
}
