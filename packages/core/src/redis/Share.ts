/**
 * This worker's part of every quota while Redis is away: its limit divided by the number of workers, kept by books of its own.
 *
 * It begins once whatever was granted before has cooled, and once those who still have Redis leave this part to it. What is
 * used of it is noted, so that Redis can be told as soon as it is back.
 */
import { Admission, type Closure, type Decision, type Outcome, type Permit } from "../Admission.ts"
import type { Stance } from "../admission/bookOf.ts"
import type { Claim } from "../Claim.ts"
import { type Quota, share } from "../Quota.ts"
import type { Signal } from "../Signal.ts"

/** Others find out within this time that a worker is missing. */
export const unnoticedMillis = 5000

const isWhole: ReadonlySet<Quota["kind"]> = new Set(["idleReset", "tokenBucket"])

export interface Options {
  readonly abandonMillis: number
  readonly maxPauseMillis: number | undefined
  readonly stance: Stance | undefined
  /** How many workers there are. */
  readonly workers: number
  /** When Redis was lost. */
  readonly since: number
  readonly until: number
}

export class Share {
  private readonly admission: Admission
  private readonly options: Options
  private readonly claims = new WeakMap<Claim, Claim>()
  private readonly permits = new WeakMap<Permit, Permit>()

  /** Nothing is admitted from then on, as others take this worker for dead. */
  readonly until: number

  constructor(options: Options) {
    this.until = options.until
    this.options = options
    this.admission = new Admission(options)
  }

  /**
   * Whether a claim can be divided. Not where a part is less than one unit, or where only everybody's silence frees a counter;
   * nor a bucket, as those who still have Redis leave units of it to the others, but use all that flows into it.
   */
  divides(claim: Claim): boolean {
    const { workers } = this.options
    return claim.needs.every(
      ({ cost, quota }) =>
        quota.kind === "unpublished" || (!isWhole.has(quota.kind) && Math.floor(quota.limit / workers) >= cost)
    )
  }

  /** From when on it may be used, by the permit's books. */
  opensAt({ books }: Permit): number {
    const { abandonMillis, since } = this.options
    return since + unnoticedMillis + abandonMillis + Math.max(...books.map(({ cooling }) => cooling))
  }

  admit(permit: Permit, now: number): Decision {
    // Others take this part from then on, and what was used of it has to be cold by then.
    const cooling = Math.max(...permit.books.map((book) => book.cooling))
    if (now >= this.until - cooling) return { _tag: "Wait", at: Infinity, need: 0 }
    const opensAt = this.opensAt(permit)
    if (now < opensAt) return { _tag: "Wait", at: opensAt, need: 0 }
    const own = this.permits.get(permit) ?? this.admission.permit(this.partOf(permit.claim))
    const decision = { ...this.admission.admit(own, now) }
    if (decision._tag === "Admitted") this.permits.set(permit, own)
    else this.admission.discard(own)
    return decision._tag === "Never" ? { _tag: "Wait", at: Infinity, need: decision.need } : decision
  }

  /** Whether a permit was admitted here. */
  has(permit: Permit): boolean {
    return this.permits.has(permit)
  }

  settle(permit: Permit, outcome: Outcome, now: number, signal: Signal, wallMillis: number): Closure | undefined {
    const own = this.permits.get(permit)
    const closure = own && this.admission.settle(own, outcome, now, signal, wallMillis)
    return closure && { ...closure, books: permit.books }
  }

  release(permit: Permit, now: number, end: "read" | "cut"): void {
    const own = this.permits.get(permit)
    if (own) this.admission.release(own, now, end)
  }

  private partOf(claim: Claim): Claim {
    const known = this.claims.get(claim)
    if (known) return known
    const part = 1 / this.options.workers
    const needs = claim.needs.map((need) =>
      need.quota.kind === "unpublished" ? need : { ...need, quota: share(need.quota, part) }
    )
    const made = { ...claim, needs }
    this.claims.set(claim, made)
    return made
  }
}
