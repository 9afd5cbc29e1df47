/**
 * What this worker has and wants of one shape of claim: slots that were granted and not taken yet, and what Redis answered
 * to the question for more.
 *
 * Whoever waits is counted here, so that one question asks for all of them.
 */
import type { Decision, Permit } from "../Admission.ts"
import type { Book } from "../admission/Book.ts"
import type { Claim } from "../Claim.ts"
import type { Answer, Standing } from "./Call.ts"
import type { Desk } from "./Desk.ts"

/** Slots that were granted as one. */
export interface Lease {
  readonly name: string
  readonly claim: Claim
  readonly desk: Desk
  /** Of each slot, whether it is held, answered (its body is still to be read), or ended. */
  readonly states: Array<"h" | "a" | "e">
  /** What is taken of it may be sent until then. */
  readonly usableUntil: number
  /** When its life is to be prolonged. */
  renewAt: number
}

/** Whether it was granted without Redis. */
export const isOfShare = ({ name }: Lease): boolean => name.endsWith("*")

/** One slot of a lease, from 1. */
export interface Slot {
  readonly lease: Lease
  readonly place: number
}

/** A question that Redis has not answered yet. */
export interface Question {
  readonly pool: Pool
  readonly books: ReadonlyArray<Book>
  readonly lease: string
  readonly slots: number
  readonly askedAt: number
  /** What others keep of each need. */
  readonly reserved: (now: number) => ReadonlyArray<number>
  readonly versions: ReadonlyArray<number>
  readonly standing: (now: number) => Standing
}

/** What Redis said last, and when to ask again. */
export interface Reply {
  readonly decision: Exclude<Decision, { readonly _tag: "Admitted" }>
  readonly askAt: number
  readonly versions: ReadonlyArray<number>
}

/** A refusal is passed on for so long without asking again. */
const refusedMillis = 250

export class Pool {
  readonly claim: Claim
  readonly desk: Desk
  /** The worker's place in lines. */
  readonly place: string
  /** Calls that were neither admitted nor given up. */
  waiting = 0
  question: Question | undefined
  reply: Reply | undefined
  /** Who asked last: the place in lines is by its priority. */
  asker: Permit | undefined
  /** Whether Redis keeps a place for it. */
  isInLine = false
  /** The quota of which Redis holds another definition. */
  differs: string | undefined
  private slots: Array<Slot> = []
  /** When it was called last. */
  private turn = { number: 0, at: 0 }

  constructor(claim: Claim, desk: Desk, place: string) {
    this.claim = claim
    this.desk = desk
    this.place = place
  }

  get isIdle(): boolean {
    return this.waiting === 0 && this.slots.length === 0 && !this.question && !this.isInLine
  }

  grant(lease: Lease): void {
    for (let place = 1; place <= lease.states.length; place++) this.slots.push({ lease, place })
  }

  take(): Slot | undefined {
    return this.slots.shift()
  }

  /** Takes what nobody took, to give it back. */
  takeSpare(): ReadonlyArray<Slot> {
    return this.slots.splice(0)
  }

  get hasSpare(): boolean {
    return this.slots.length > 0
  }

  /** Takes in why nothing more was granted; instants count from `from`. */
  refuse(answer: Exclude<Answer, { readonly _tag: "Granted" }>, from: number, versions: ReadonlyArray<number>): void {
    this.isInLine = answer._tag === "Wait"
    this.differs = answer._tag === "Differs" ? this.claim.needs[answer.need]?.quota.name : undefined
    const isCalled = answer._tag === "Wait" && this.turn.number > answer.turn
    const askAt = from + (answer._tag === "Wait" ? answer.askAfterMillis : refusedMillis)
    this.reply = { decision: decisionOf(answer, from), askAt: isCalled ? this.turn.at : askAt, versions }
  }

  /** It is its turn at that instant, whatever was said before. */
  call(number: number, at: number): void {
    this.turn = { number, at }
    if (this.reply) this.reply = { ...this.reply, askAt: at }
  }

  /** Nothing is to be had before that instant. */
  hold(until: number): void {
    if (this.reply) this.reply = { ...this.reply, askAt: Math.max(this.reply.askAt, until) }
  }
}

const decisionOf = (answer: Exclude<Answer, { readonly _tag: "Granted" }>, from: number): Reply["decision"] => {
  const { need } = answer
  switch (answer._tag) {
    case "Wait":
      return { _tag: "Wait", at: from + answer.afterMillis, need }
    case "Shut":
      return { _tag: "Shut", until: from + answer.afterMillis, need }
    case "Never":
      return { _tag: "Never", largest: answer.largest, need }
    case "Differs":
      return { _tag: "Wait", at: Infinity, need }
  }
}
