/**
 * What one partition has to tell Redis and to ask of it: one call of the script at a time, with all that came up meanwhile.
 *
 * What has ended waits for the next question, as an end frees nothing before its slot has cooled, but not for longer than
 * somebody else could miss it. A call that fails is made again until it is answered: leases have names and slots have
 * places, so that whatever is said twice is done once.
 */
import { Duration, Effect } from "effect"
import { Redis } from "effect/persistence"
import type { Outcome } from "../Admission.ts"
import * as Signal from "../Signal.ts"
import { type Answer, Call, type Options, type Shown } from "./Call.ts"
import * as Library from "./Library.ts"
import { isOfShare, type Lease, type Pool, type Question, type Slot } from "./Pool.ts"
import type { Reading, Step } from "./RedisClock.ts"

/** So much of each goes into one call, which is one step for everybody else. */
const mostQuestions = 32
const mostNews = 256

/** What there is to tell. */
export type News =
  | {
      readonly _tag: "End"
      readonly slot: Slot
      readonly outcome: Outcome
      readonly signal: Signal.Signal
      readonly wallMillis: number
      readonly latencyMillis: number
      readonly endedAt: number
    }
  | { readonly _tag: "Release"; readonly slot: Slot; readonly end: "read" | "cut" }
  | { readonly _tag: "Renew"; readonly lease: Lease; readonly states?: string; readonly millis: number }
  | { readonly _tag: "Leave"; readonly pool: Pool }
  | { readonly _tag: "Withdraw"; readonly question: Question }

/** What a call was answered: each question, and the books. */
export interface Answered {
  /** When it was made, by our clock. */
  readonly calledAt: number
  readonly questions: ReadonlyArray<readonly [Question, Answer]>
  readonly reading: Reading
  /** The desks that were opened. */
  readonly desks: ReadonlyArray<string>
  /** For so long they are there. */
  readonly keptMillis: number
  /** When one of them lost something last, by its own time. */
  readonly lostAt: number
  readonly shown: ReadonlyMap<string, Shown>
}

export interface Dependencies {
  readonly options: () => Options
  readonly leaseMillis: number
  /** This process's monotonic clock, in milliseconds. */
  readonly now: () => number
  /** Steps of Redis's clock, which every desk is told. */
  readonly steps: ReadonlyArray<Step>
  /** Called before anything is told. */
  readonly onDue: (now: number) => void
  readonly onAnswered: (answered: Answered) => void
  /** Called whenever a call was not answered, with when it was made. */
  readonly onFailed: (desk: Desk, cause: unknown, calledAt: number) => void
}

/** A call is made again when it was not answered for so long, and for twice as long the next time. */
const shortest = Duration.seconds(1)
const longest = Duration.seconds(30)

export class Desk {
  /** When there is something that must not wait any longer. */
  dueAt = Infinity
  /** Why Redis takes no call of it, whatever is done. */
  refusal: Redis.RedisError | undefined
  private readonly dependencies: Dependencies
  private stepsTold: number
  private news: Array<News> = []
  private questions: Array<Question> = []
  /** What the call that is under way says. */
  private said: { readonly news: Array<News>; questions: ReadonlyArray<Question> } | undefined

  constructor(dependencies: Dependencies) {
    this.dependencies = dependencies
    this.stepsTold = dependencies.steps.length
  }

  /** Whether there is nothing to say and nothing under way. */
  get isIdle(): boolean {
    return this.news.length === 0 && this.questions.length === 0 && !this.said
  }

  /** Whether Redis is still to be told of something that was used without it. */
  get registersShare(): boolean {
    return [...this.news, ...(this.said?.news ?? [])].some((each) => each._tag === "Renew" && isOfShare(each.lease))
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

  /** Asks no more. What was asked already may have been heard: what it was granted goes back. */
  withdraw(): ReadonlyArray<Question> {
    const asked = this.said?.questions ?? []
    const withdrawn = [...asked, ...this.questions.splice(0)]
    if (this.said) this.said.questions = []
    for (const question of asked) this.said?.news.push({ _tag: "Withdraw", question })
    return withdrawn
  }

  /** Calls until nothing is due. */
  readonly run: Effect.Effect<void, never, Redis.Redis> = Effect.gen({ self: this }, function* () {
    const { now, onAnswered, onDue } = this.dependencies
    while (this.dueAt <= now()) {
      onDue(now())
      this.said = { news: this.news.splice(0, mostNews), questions: this.questions.splice(0, mostQuestions) }
      this.dueAt = this.news.length + this.questions.length > 0 ? -Infinity : Infinity
      if (this.said.news.length + this.said.questions.length > 0) onAnswered(yield* this.told(this.said))
      this.said = undefined
    }
  })

  /** Says it until it is answered. */
  private told(said: NonNullable<Desk["said"]>): Effect.Effect<Answered, never, Redis.Redis> {
    const { now, onFailed } = this.dependencies
    const attempt = (patience: Duration.Duration): Effect.Effect<Answered, never, Redis.Redis> =>
      Effect.suspend(() => {
        const calledAt = now()
        const { questions } = said
        const news = [...said.news]
        const call = this.callOf(news, questions, calledAt)
        const steps = this.dependencies.steps.length
        return Library.call(call.keys, call.args).pipe(
          Effect.timeout(patience),
          Effect.flatMap((lines) => Effect.try({ try: () => call.read(lines), catch: (error) => error })),
          Effect.map(({ answers, at, lostAt, server, shown }): Answered => {
            this.refusal = undefined
            for (const added of said.news.slice(news.length)) this.tell(added)
            const pairs = questions.flatMap((question, i) => {
              const answer = answers[i]
              return answer ? [[question, answer] as const] : []
            })
            this.stepsTold = Math.max(this.stepsTold, steps)
            const reading = { server, at, calledAt, answeredAt: now() }
            return {
              calledAt,
              questions: pairs,
              shown,
              reading,
              desks: call.deskKeys,
              keptMillis: call.keptMillis,
              lostAt
            }
          }),
          Effect.catch((cause) => {
            this.refusal = isForGood(cause) ? cause : undefined
            onFailed(this, cause, calledAt)
            const pause = Effect.sleep(Duration.min(Duration.seconds(1), Duration.times(patience, 1 / 20)))
            return Effect.andThen(pause, attempt(Duration.min(longest, Duration.times(patience, 2))))
          })
        )
      })
    return attempt(shortest)
  }

  private callOf(news: ReadonlyArray<News>, questions: ReadonlyArray<Question>, now: number): Call {
    const { leaseMillis, options, steps } = this.dependencies
    const call = new Call(options())
    for (const { excess, from, to } of steps.slice(this.stepsTold)) call.step(from, to, excess)
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
          call.renew(each.lease.claim, each.lease.name, each.states ?? each.lease.states.join(""), each.millis)
          break
        case "Leave":
          call.leave(each.pool.claim, each.pool.place)
          break
        case "Withdraw":
          call.leave(each.question.pool.claim, each.question.pool.place)
          call.end(each.question.pool.claim, each.question.lease, 0, "unsent", Signal.none)
      }
    }
    for (const { lease, pool, reserved, slots, standing } of questions) {
      call.want(pool.claim, lease, slots, leaseMillis, reserved(now), standing(now))
    }
    return call
  }
}

/** What Redis refuses whatever is done about it. */
const isForGood = (cause: unknown): cause is Redis.RedisError =>
  cause instanceof Redis.RedisError && /CROSSSLOT|NOAUTH|NOPERM|WRONGPASS|WRONGTYPE/.test(String(cause.cause))
