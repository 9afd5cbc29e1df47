/**
 * Whether nothing that the server says speeds the client up, or stops it for good.
 *
 * A real `Admission` is asked for typical requests and told a made-up answer to each. Beside it runs a second one that is
 * asked for the same and told nothing. What holds:
 *
 * - the books keep to the published limit, and the claims that were admitted do so by a log of our own: at most the limit
 *   in any window (twice that of fixed windows whose phase the server tells, because a window may begin at any time);
 * - whatever is admitted would be admitted without the answers as well. Quotas whose phase the server tells are left out
 *   of this, because knowing it is what frees their slots earlier;
 * - a request is admitted in the end, if it is asked for again whenever the answer was that it may be.
 *
 * Quotas that are assumed, and so may be loosened, and those whose number nobody tells are not judged.
 */
import { Admission, type Permit } from "@sluice/core/Admission"
import * as Claim from "@sluice/core/Claim"
import type { Wire } from "@sluice/core/Provider"
import type { Quota } from "@sluice/core/Quota"
import * as Signal from "@sluice/core/Signal"
import * as NeverExceeds from "../NeverExceeds.ts"
import * as Seeded from "../Seeded.ts"
import { type Finding, type Refute, withoutStacks } from "./Check.ts"
import * as Decoded from "./Decoded.ts"
import { below, chance } from "./Rubbish.ts"
import { placed, type Setting, startMillis } from "./Subject.ts"
import { show, type Violation } from "./Violation.ts"

/** Answers in a row, after which everything is forgotten. */
const answersEach = 250
/** Every other sequence hears the same answer so often: servers that are wrong stay wrong for a while. */
const stubbornness = 10
const leastRuns = 8
/** A monotonic clock that did not start with the epoch. */
const origin = 1_000_000

export const examine = (setting: Setting, refute: Refute): Finding => {
  const runs = Math.max(leastRuns, Math.ceil(setting.fuzz / 20 / answersEach))
  const made = Decoded.generator(setting)
  return withoutStacks(() => {
    for (let run = 0; run < runs; run++) {
      const found = new Run(setting, refute, made, run).all()
      if (found) return found
    }
    return `${runs} sequences of ${answersEach} answers`
  })
}

interface Flight {
  readonly permit: Permit
  readonly twin: Permit | undefined
  readonly claim: Claim.Claim
  readonly sentAt: number
  readonly answeredAt: number
  readonly index: number
}

class Run {
  readonly admission = new Admission()
  readonly untold = new Admission()
  readonly seeded: Seeded.Seeded
  readonly log: Array<{
    readonly quota: Quota
    readonly key: string
    readonly atMillis: number
    readonly cost: number
  }> = []
  flights: Array<Flight> = []
  now = origin
  private readonly setting: Setting
  private readonly refute: Refute
  private readonly made: (index: number) => Wire
  private readonly run: number

  constructor(setting: Setting, refute: Refute, made: (index: number) => Wire, run: number) {
    this.setting = setting
    this.refute = refute
    this.made = made
    this.run = run
    this.seeded = Seeded.make(setting.seed, "admission", String(run))
  }

  all(): Violation | undefined {
    for (let i = 0; i < answersEach; i++) {
      const step = this.run % 2 === 0 ? 1 : stubbornness
      const found = this.ask(this.run * answersEach + Math.floor(i / step))
      if (found) return found
    }
    return this.judgeLog()
  }

  /** Asks for one request until it is admitted. */
  private ask(index: number): Violation | undefined {
    const claim = this.claimOf()
    const permit = this.admission.permit(claim)
    const mostMillis = this.mostMillis(permit)
    let askedAt = this.now
    for (;;) {
      const decision = this.admission.admit(permit, this.now)
      if (decision._tag === "Admitted") return this.admitted(permit, claim, index)
      if (decision._tag === "Never") {
        this.admission.discard(permit)
        return undefined
      }
      const at =
        decision._tag === "Shut" ? Math.min(decision.until, this.now + this.admission.maxPause(permit)) : decision.at
      const answer = this.flights.reduce((first, { answeredAt }) => Math.min(first, answeredAt), Infinity)
      const next = Math.min(at, answer)
      if (!(next > this.now) || (this.flights.length === 0 && !(next - askedAt <= mostMillis))) {
        return this.violation(index, {
          rule: "A request is admitted in the end, whatever was said.",
          value: `asked since ${askedAt}, at ${this.now} it is to wait until ${next} (${decision._tag}), and nothing is on its way`,
          advice: `It has to be within ${mostMillis} ms after the last answer. Look which field of the signal holds it back.`
        })
      }
      this.now = Math.ceil(next)
      // Time counts while nothing is on its way: an answer may always come late.
      if (this.flights.length > 0) askedAt = this.now
      const found = this.settle()
      if (found) return found
    }
  }

  private admitted(permit: Permit, claim: Claim.Claim, index: number): Violation | undefined {
    const needs = claim.needs.filter(({ quota }) => isComparable(quota))
    const twin = needs.length > 0 ? this.untold.permit({ ...claim, needs }) : undefined
    if (twin && this.untold.admit(twin, this.now)._tag !== "Admitted") {
      return this.violation(index, {
        rule: "Whatever is admitted would be admitted without the answers as well.",
        value: `${show(needs.map(({ key }) => key))} is admitted at ${this.now}`,
        advice: "Signals tighten and never loosen: look which field of a signal freed the slot."
      })
    }
    const latency = chance(this.seeded, 3) ? 0 : below(this.seeded, chance(this.seeded, 10) ? 5000 : 120)
    this.flights.push({ permit, twin, claim, sentAt: this.now, answeredAt: this.now + latency, index })
    if (chance(this.seeded, 40)) this.now += below(this.seeded, 90_000)
    return this.settle()
  }

  /** Ends what was answered by now, and looks into the books. */
  private settle(): Violation | undefined {
    const due = this.flights.filter(({ answeredAt }) => answeredAt <= this.now)
    if (due.length === 0) return undefined
    this.flights = this.flights.filter(({ answeredAt }) => answeredAt > this.now)
    for (const { answeredAt, claim, index, permit, sentAt, twin } of due.toSorted(
      (a, b) => a.answeredAt - b.answeredAt
    )) {
      const receivedAtMillis = startMillis + answeredAt
      const { refusal, signal } = this.setting.provider.decode({ ...this.made(index), receivedAtMillis })
      this.admission.settle(permit, refusal ? "refused" : "answered", this.now, signal, receivedAtMillis)
      this.admission.release(permit, this.now, "read")
      if (twin) this.untold.settle(twin, "answered", this.now, Signal.none)
      if (twin) this.untold.release(twin, this.now, "read")
      const atMillis = sentAt + Math.floor(this.seeded.nextFraction() * (answeredAt - sentAt + 1))
      for (const { cost, key, quota } of claim.needs) this.log.push({ quota, key, cost, atMillis })
      for (const { ceiling, limit, quota } of this.admission.books.values()) {
        const published = this.published(quota)
        if (quota.assumed || (limit <= published && ceiling <= published && limit >= 1)) continue
        return this.violation(index, {
          rule: "The limit in force is at most the published one, and at least one unit.",
          value: `${limit} of ${ceiling} for ${show(quota.name)}, published as ${published}`,
          advice: "Draw on the quotas that classify is given; what an answer teaches belongs in its signal."
        })
      }
    }
    return undefined
  }

  private judgeLog(): Violation | undefined {
    for (const [key, points] of Map.groupBy(this.log, ({ key }) => key)) {
      const [first] = points
      if (first === undefined) continue
      const { kind, refill, windowMillis } = first.quota
      if (first.quota.assumed || kind === "unpublished" || kind === "concurrency") continue
      const limit = this.published(first.quota)
      const most = kind === "tokenBucket" ? limit + refill : isPhased(first.quota) ? 2 * limit : limit
      try {
        NeverExceeds.limit(most, windowMillis)(points.map(({ atMillis, cost }) => ({ atMillis, cost })))
      } catch (error) {
        return this.violation(this.run * answersEach, {
          rule: "At most the published limit is sent in any window.",
          value: `${key}: ${error instanceof Error ? error.message : String(error)}`,
          advice: "Draw on the quotas that classify is given; what an answer teaches belongs in its signal."
        })
      }
    }
    return undefined
  }

  private claimOf(): Claim.Claim {
    const { provider, requests } = this.setting
    const request = requests[below(this.seeded, requests.length)]
    const needs = request ? provider.classify(placed(provider, request), provider.quotas) : []
    return Claim.make({ needs, partition: "conformance", origin: provider.id })
  }

  /** The quota of the provider's that it is, or that it pretends to be. */
  private published(quota: Quota): number {
    const own = Object.values(this.setting.provider.quotas)
    return own.includes(quota)
      ? quota.limit
      : Math.max(0, ...own.filter(({ name }) => name === quota.name).map(({ limit }) => limit))
  }

  /** A closure, the probe after it, and every window once over. */
  private mostMillis(permit: Permit): number {
    const cooling = permit.books.reduce((longest, book) => Math.max(longest, book.cooling), 0)
    return this.admission.maxPause(permit) + 2 * cooling + 60_000
  }

  private violation(
    index: number,
    found: { readonly rule: string; readonly value: string; readonly advice: string }
  ): Violation {
    return this.refute({
      ...found,
      input: `the answers from case ${this.run * answersEach} on; the last one: ${Decoded.showWire(this.made(index))}`,
      replay: { seed: this.setting.seed, index }
    })
  }
}

const isPhased = ({ kind, phase }: Quota): boolean => kind === "fixed" && phase !== "unknown"

const isComparable = (quota: Quota): boolean =>
  !quota.assumed && quota.countsRefused && !isPhased(quota) && quota.kind !== "unpublished"
