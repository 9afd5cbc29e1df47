/**
 * The store's side of a limiter whose books are in Redis: answers at once, with what Redis has answered so far.
 *
 * A question that Redis has not answered is told to wait, and the limiter is woken by the answer. What ends is noted here
 * and told to Redis with the next question, or by itself.
 */
import { Admission, type Closure, type Decision, type Outcome, type Permit } from "../Admission.ts"
import type { Stance } from "../admission/bookOf.ts"
import type { Book } from "../admission/Book.ts"
import type { ServerClock } from "../admission/ServerClock.ts"
import type { Quota } from "../Quota.ts"
import type { Signal } from "../Signal.ts"
import { Desk, type Question } from "./Desk.ts"
import type { Layout } from "./Keys.ts"
import { RemoteBook } from "./RemoteBook.ts"

/** A call that is not to wait waits so long for Redis's answer. */
const patienceMillis = 250

export interface Options {
  readonly layout: Layout
  /** What no other worker's leases are called. */
  readonly worker: string
  readonly abandonMillis: number
  readonly maxPauseMillis: number | undefined
  readonly stance: Stance | undefined
  /** For so long after it was asked for, what is granted may be sent. */
  readonly leaseMillis: number
  /** Whoever waits asks again after so long, as others may have given back what nobody told of. */
  readonly pollMillis: number
  /** What time the script is told that it is; Redis's own otherwise. */
  readonly at?: () => number
  /** Runs a desk until it has nothing left to say. */
  readonly run: (desk: Desk) => void
}

export class RedisStore extends Admission {
  private readonly options: Options
  private readonly desks = new Map<string, Desk>()
  private readonly questions = new Map<Permit, Question>()
  private readonly leases = new WeakMap<Permit, string>()
  private count = 0
  private wake: (books: ReadonlyArray<Book>) => void = () => {}

  constructor(options: Options) {
    super(options)
    this.options = options
  }

  readonly onWake = (wake: (books: ReadonlyArray<Book>) => void): void => {
    this.wake = wake
  }

  override admit(permit: Permit, nowMillis: number): Decision {
    for (const [i, { cost }] of permit.claim.needs.entries()) {
      const largest = permit.books[i]?.largest ?? 0
      if (cost > largest) return { _tag: "Never", need: i, largest }
    }
    const question = this.questions.get(permit)
    if (permit.books.length === 0) return this.hold(permit, nowMillis)
    if (!question) return this.ask(permit, nowMillis, 0)
    const { answer, askedAt, lease, need } = question
    if (!answer) return { _tag: "Wait", at: Infinity, need }
    this.questions.delete(permit)
    switch (answer._tag) {
      case "Granted":
        // A worker that was paused must not send by a lease that may be dead when it is counted.
        if (nowMillis - askedAt >= this.options.leaseMillis) {
          this.deskOf(permit).giveBack(permit.claim, lease)
          return this.ask(permit, nowMillis, need)
        }
        this.leases.set(permit, lease)
        return this.hold(permit, nowMillis)
      case "Wait": {
        const isStale = permit.books.some((book, i) => (book as RemoteBook).version !== question.versions[i])
        const toldAt = askedAt + answer.afterMillis
        const at = Math.min(toldAt, askedAt + this.options.pollMillis)
        if (isStale || nowMillis >= at) return this.ask(permit, nowMillis, answer.need)
        this.questions.set(permit, question)
        return { _tag: "Wait", at, need: answer.need }
      }
      case "Shut":
        return { _tag: "Shut", until: askedAt + answer.afterMillis, need: answer.need }
      case "Never":
        return { _tag: "Never", need: answer.need, largest: answer.largest }
      case "Differs":
        return { _tag: "Never", need: answer.need, largest: 0 }
    }
  }

  override settle(
    permit: Permit,
    outcome: Outcome,
    nowMillis: number,
    signal: Signal,
    wallMillis = nowMillis
  ): Closure | undefined {
    if (permit.state !== "held") return undefined
    const closure = super.settle(permit, outcome, nowMillis, signal, wallMillis)
    for (const book of closure?.books ?? []) (book as RemoteBook).isFullUntil(closure?.until ?? nowMillis)
    const lease = this.leases.get(permit)
    if (lease !== undefined) {
      const desk = this.deskOf(permit)
      desk.stop("end", permit.claim, lease, outcome, signal, wallMillis, nowMillis - permit.admittedAt)
      this.options.run(desk)
    }
    return closure
  }

  override release(permit: Permit, nowMillis: number, end: "read" | "cut"): void {
    if (permit.state !== "answered") return
    super.release(permit, nowMillis, end)
    const lease = this.leases.get(permit)
    if (lease === undefined || permit.claim.needs.every(({ quota }) => quota.kind !== "concurrency")) return
    const desk = this.deskOf(permit)
    desk.stop("release", permit.claim, lease, end)
    this.options.run(desk)
  }

  override discard(permit: Permit): void {
    const question = this.questions.get(permit)
    if (question) {
      this.questions.delete(permit)
      question.isDropped = true
      if (question.answer?._tag === "Granted") {
        const desk = this.deskOf(permit)
        desk.giveBack(permit.claim, question.lease)
        this.options.run(desk)
      }
    }
    super.discard(permit)
  }

  override evict(nowMillis: number): number {
    for (const [name, desk] of this.desks) if (desk.isIdle) this.desks.delete(name)
    return super.evict(nowMillis)
  }

  /** Whether Redis has not answered yet and may do so soon. */
  readonly isAsking = (permit: Permit, nowMillis: number): boolean => {
    const question = this.questions.get(permit)
    return question !== undefined && !question.answer && nowMillis - question.askedAt < patienceMillis
  }

  /** Gives back what was granted and never taken, and asks no more; what has ended is still to be told. */
  end(): ReadonlyArray<Desk> {
    for (const permit of this.questions.keys()) this.discard(permit)
    for (const desk of this.desks.values()) desk.close()
    return [...this.desks.values()]
  }

  protected override newBook(quota: Quota, clock: ServerClock): Book {
    return new RemoteBook(quota, clock, this.stance)
  }

  private ask(permit: Permit, now: number, need: number): Decision {
    const desk = this.deskOf(permit)
    const question: Question = {
      permit,
      lease: `${this.options.worker}:${(this.count++).toString(36)}`,
      askedAt: now,
      reserved: permit.books.map((book) => this.reservedBefore(permit, book, now)),
      versions: permit.books.map((book) => (book as RemoteBook).version),
      need,
      answer: undefined,
      isDropped: false
    }
    this.questions.set(permit, question)
    desk.ask(question)
    this.options.run(desk)
    return { _tag: "Wait", at: Infinity, need }
  }

  private hold(permit: Permit, now: number): Decision {
    permit.books.forEach((book, i) => book.take(permit.claim.needs[i]?.cost ?? 0, now))
    permit.state = "held"
    permit.admittedAt = now
    return { _tag: "Admitted" }
  }

  private deskOf({ claim }: Permit): Desk {
    const name = `${claim.origin}|${claim.partition}`
    const known = this.desks.get(name)
    if (known) return known
    const { at, layout, leaseMillis } = this.options
    const { abandonMillis, maxPauseMillis, stance } = this
    const desk = new Desk(
      () => ({ layout, abandonMillis, maxPauseMillis, stance, shows: true, ...(at && { at: at() }) }),
      leaseMillis,
      (questions, shown) => this.learned(questions, shown)
    )
    this.desks.set(name, desk)
    return desk
  }

  private learned(
    questions: ReadonlyArray<Question>,
    shown: Parameters<ConstructorParameters<typeof Desk>[2]>[1]
  ): void {
    for (const [key, books] of shown) {
      const book = this.books.get(key)
      if (book instanceof RemoteBook) book.show(books)
    }
    for (const { answer, askedAt, permit } of questions) {
      const book = answer?._tag === "Wait" ? permit.books[answer.need] : undefined
      if (book instanceof RemoteBook && answer?._tag === "Wait") book.isFullUntil(askedAt + answer.afterMillis)
    }
    this.wake([...new Set(questions.flatMap(({ permit }) => permit.books))])
  }
}
