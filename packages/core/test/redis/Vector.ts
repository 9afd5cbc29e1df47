/**
 * A recorded vector: calls on `Admission` with the answer of each and the books after it, as data.
 *
 * Whatever claims to do the same arithmetic plays the calls again and has to give the same answers, case by case.
 */
import { Admission, type Decision, type Options, type Outcome, type Permit } from "@sluice/core/Admission"
import * as Claim from "@sluice/core/Claim"
import * as Quota from "@sluice/core/Quota"
import type { Signal } from "@sluice/core/Signal"

export type Act =
  | { readonly do: "ask" }
  | { readonly do: "settle"; readonly outcome: Outcome; readonly signal: Signal; readonly wall?: number }
  | { readonly do: "release"; readonly end: "read" | "cut" }

/** One call: what is done at which instant with which permit, and which claim that is of. */
export type Step = Act & {
  readonly at: number
  readonly claim: number
  readonly permit: number
}

/** What a step gives: a decision or the end of a closure, and the books of each need. All in words, as numbers may be infinite. */
export interface Result {
  readonly gives: string
  readonly books: ReadonlyArray<string>
}

export interface Vector {
  readonly family: string
  readonly seed: number
  readonly abandonMillis: number
  readonly maxPauseMillis?: number
  readonly stance?: Options["stance"]
  readonly quotas: ReadonlyArray<Quota.Definition>
  /** Each claim as pairs of a quota's place and a cost. */
  readonly claims: ReadonlyArray<ReadonlyArray<readonly [quota: number, cost: number]>>
  readonly steps: ReadonlyArray<Step & Result>
}

export const claimsOf = ({ claims, quotas }: Pick<Vector, "claims" | "quotas">): ReadonlyArray<Claim.Claim> => {
  const made = quotas.map(Quota.make)
  return claims.map((needs) =>
    Claim.make({
      origin: "server",
      partition: "key",
      needs: needs.flatMap(([quota, cost]) => {
        const known = made[quota]
        return known ? [Claim.need(known, { cost })] : []
      })
    })
  )
}

/** Plays steps on `Admission`, which holds the permits of one vector. */
export class Player {
  readonly admission: Admission
  private readonly claims: ReadonlyArray<Claim.Claim>
  private readonly permits = new Map<number, Permit>()

  constructor(vector: Omit<Vector, "steps">) {
    const { abandonMillis, maxPauseMillis, stance } = vector
    this.admission = new Admission({ abandonMillis, maxPauseMillis, stance })
    this.claims = claimsOf(vector)
  }

  permitOf(step: Pick<Step, "claim" | "permit">): Permit {
    const known = this.permits.get(step.permit)
    if (known) return known
    const claim = this.claims[step.claim]
    if (!claim) throw new Error(`there is no claim ${step.claim}`)
    const permit = this.admission.permit(claim)
    this.permits.set(step.permit, permit)
    return permit
  }

  play(step: Step): Result {
    const permit = this.permitOf(step)
    const gives = this.act(permit, step)
    return { gives, books: permit.books.map((book) => (book.advance(step.at), booksText(book, step.at))) }
  }

  private act(permit: Permit, step: Step): string {
    if (step.do === "settle") {
      return String(this.admission.settle(permit, step.outcome, step.at, step.signal, step.wall)?.until)
    }
    if (step.do === "release") {
      this.admission.release(permit, step.at, step.end)
      return ""
    }
    const decision = this.admission.admit(permit, step.at)
    if (decision._tag !== "Admitted") this.admission.discard(permit)
    return decisionText(decision)
  }
}

export const decisionText = (decision: Decision): string => Object.values(decision).join(" ")

const booksText = (book: Permit["books"][number], now: number): string =>
  numbersText([
    book.ceiling,
    book.limit,
    book.inFlight,
    book.occupied,
    book.foreign,
    book.free(now),
    book.refused,
    book.gate.until,
    book.largest
  ])

export const numbersText = (numbers: ReadonlyArray<number>): string => numbers.map((number) => number + 0).join(" ")
