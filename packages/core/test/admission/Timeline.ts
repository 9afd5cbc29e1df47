/** Plays rows of `[at, action, expected]` against one `Admission`. */
import { assert } from "@effect/vitest"
import { Admission, type Options, type Outcome, type Permit } from "@sluice/core/Admission"
import * as Claim from "@sluice/core/Claim"
import type * as Quota from "@sluice/core/Quota"
import * as Signal from "@sluice/core/Signal"

/** `ask` asks for a unit of every quota; the other actions befall the oldest request under way. */
export type Action = "ask" | `ask ${number}` | Outcome | "read" | "cut" | readonly [Outcome, Partial<Signal.Signal>]

/** What a question is answered (a number: ask again then), or until when a refusal closes. */
export type Expected = "admitted" | "never" | "shut" | number

export type Row = readonly [at: number, action: Action, expected?: Expected]

export class Timeline {
  readonly admission: Admission
  private readonly quotas: ReadonlyArray<Quota.Quota>
  private readonly held: Array<Permit> = []
  private readonly answered: Array<Permit> = []

  constructor(quotas: Quota.Quota | ReadonlyArray<Quota.Quota>, options?: Options) {
    this.quotas = Array.isArray(quotas) ? quotas : [quotas as Quota.Quota]
    this.admission = new Admission(options)
  }

  play(rows: ReadonlyArray<Row>): this {
    rows.forEach(([at, action, expected], i) => {
      const actual = this.act(at, action)
      if (expected !== undefined) assert.strictEqual(actual, expected, `row ${i}: ${JSON.stringify([at, action])}`)
    })
    return this
  }

  private act(at: number, action: Action): Expected | undefined {
    if (typeof action === "string" && action.startsWith("ask")) return this.ask(at, Number(action.slice(4) || 1))
    if (action === "read" || action === "cut") {
      const permit = this.answered.shift()
      if (permit) this.admission.release(permit, at, action)
      return undefined
    }
    const [outcome, said] = typeof action === "string" ? [action as Outcome, {}] : action
    const permit = this.held.shift()
    if (!permit) throw new Error(`nothing is under way at ${at}`)
    this.answered.push(permit)
    return this.admission.settle(permit, outcome, at, { ...Signal.none, ...said })?.until
  }

  private ask(at: number, cost: number): Expected {
    const claim = Claim.make({ needs: this.quotas.map((quota) => Claim.need(quota, { cost })) })
    const permit = this.admission.permit(claim)
    const decision = this.admission.admit(permit, at)
    if (decision._tag === "Admitted") {
      this.held.push(permit)
      return "admitted"
    }
    this.admission.discard(permit)
    return decision._tag === "Never" ? "never" : decision._tag === "Shut" ? "shut" : decision.at
  }

  book(index = 0) {
    const book = [...this.admission.books.values()][index]
    if (!book) throw new Error("nothing was asked for yet")
    return book
  }
}

export const timeline = (
  quotas: Quota.Quota | ReadonlyArray<Quota.Quota>,
  rows: ReadonlyArray<Row>,
  options?: Options
): Timeline => new Timeline(quotas, options).play(rows)
