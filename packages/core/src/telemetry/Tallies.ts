/** What a limiter's calls are counted by: provider and quota, and partition where that is asked for. */
import type { Closure, Outcome, Permit } from "../Admission.ts"
import { CallTally, QuotaTally } from "../admission/Tally.ts"
import type { Book } from "../admission/Book.ts"
import type { Claim } from "../Claim.ts"
import type { Watcher } from "../limiter/Watcher.ts"
import type { Service } from "../RateLimiter.ts"

/** The partition of those that have no label of their own. */
const others = "other"

export class Tallies implements Watcher {
  private readonly calls = new Map<string, CallTally>()
  private readonly quotas = new Map<string, QuotaTally>()
  private readonly labelled = new Set<string>()
  private readonly mostPartitions: number
  private readonly listeners = new Set<(tally: CallTally | QuotaTally) => void>()

  /** Those of a limiter, from the first time they are asked for. */
  static of(limiter: Service, mostPartitions: number): Tallies {
    return known(talliesOf, limiter, () => {
      const tallies = new Tallies(mostPartitions)
      limiter.watch(tallies)
      return tallies
    })
  }

  private constructor(mostPartitions: number) {
    this.mostPartitions = mostPartitions
  }

  /** Tells of every tally there is, and of each new one; gives what ends that. */
  listen(listener: (tally: CallTally | QuotaTally) => void): () => void {
    this.listeners.add(listener)
    for (const tally of [...this.calls.values(), ...this.quotas.values()]) listener(tally)
    return () => this.listeners.delete(listener)
  }

  /** The label of a partition; none unless partitions have labels. */
  labelOf(partition: string): string | undefined {
    if (this.mostPartitions === 0) return undefined
    if (this.labelled.size < this.mostPartitions) this.labelled.add(partition)
    return this.labelled.has(partition) ? partition : others
  }

  admitted(permit: Permit, boundBy: Book | undefined, waitedMillis: number): void {
    for (const book of permit.books) if (!book.tally) this.ofBook(book)
    this.ofPermit(permit).admitted++
    if (boundBy) this.ofBook(boundBy).waits.add(waitedMillis)
  }

  turnedAway({ origin, partition }: Claim, reason: string): void {
    const { turnedAway } = this.ofCalls(origin, partition)
    turnedAway.set(reason, (turnedAway.get(reason) ?? 0) + 1)
  }

  refused(permit: Permit, { books, explained }: Closure): void {
    const [first, second] = books
    if (first && !second) this.ofBook(first).refused++
    else this.ofPermit(permit).refused++
    for (const book of books) {
      const tally = this.ofBook(book)
      tally.paused++
      if (!explained) tally.unexpected++
    }
  }

  ended(permit: Permit, outcome: Outcome): void {
    if (outcome === "abandoned") this.ofPermit(permit).abandoned++
  }

  private ofPermit({ books: [first], claim }: Permit): CallTally {
    return first ? (first.tally ?? this.ofBook(first)).calls : this.ofCalls(claim.origin, claim.partition)
  }

  private ofCalls(provider: string, partition: string): CallTally {
    const label = this.labelOf(partition)
    return known(this.calls, `${provider}|${label ?? ""}`, () =>
      this.told(new CallTally({ provider, partition: label }))
    )
  }

  /** Counters of one quota are counted together. */
  ofQuota(provider: string, partition: string, quota: string): QuotaTally {
    const calls = this.ofCalls(provider, partition)
    const make = () => this.told(new QuotaTally(quota, calls))
    return known(this.quotas, `${provider}|${calls.labels.partition ?? ""}|${quota}`, make)
  }

  private ofBook(book: Book): QuotaTally {
    if (book.tally) return book.tally
    const [provider = "", partition = "", quota = ""] = book.key.split("|")
    return (book.tally = this.ofQuota(provider, partition, quota))
  }

  private told<T extends CallTally | QuotaTally>(tally: T): T {
    for (const listener of this.listeners) listener(tally)
    return tally
  }
}

interface Keyed<K, A> {
  get(key: K): A | undefined
  set(key: K, value: A): unknown
}

const known = <K, A>(map: Keyed<K, A>, key: K, make: () => A): A => {
  const found = map.get(key)
  if (found !== undefined) return found
  const made = make()
  map.set(key, made)
  return made
}

const talliesOf = new WeakMap<Service, Tallies>()
