/** The series of one metric registry: what limiters tallied, and what their books show when somebody looks. */
import { Context, Effect, Metric } from "effect"
import { CallTally, QuotaTally, Waits } from "../admission/Tally.ts"
import type { QuotaStatus } from "../limiter/QuotaStatus.ts"
import type { Service } from "../RateLimiter.ts"
import * as Metrics from "./Metrics.ts"
import type { Tallies } from "./Tallies.ts"

type Labels = Readonly<Record<string, string>>

export class Collector {
  private readonly context: Context.Context<never>
  private readonly limiters = new Map<Service, Tallies>()
  /** What is summed up in the series of equal labels; ended limiters stay, as counters never go back. */
  private readonly calls = new Map<string, Array<CallTally>>()
  private readonly quotas = new Map<string, Array<QuotaTally>>()
  private sampled: Map<string, ReadonlyArray<QuotaStatus>> | undefined

  /** The one for all limiters that write to the same series. */
  static in(context: Context.Context<never>): Collector {
    const registry = Context.get(context, Metric.MetricRegistry)
    const attributes = JSON.stringify(Object.entries(Context.get(context, Metric.CurrentMetricAttributes)))
    const known = collectors.get(registry)?.get(attributes)
    if (known) return known
    const collector = new Collector(context)
    const present = collectors.get(registry)
    if (present) present.set(attributes, collector)
    else collectors.set(registry, new Map([[attributes, collector]]))
    return collector
  }

  private constructor(context: Context.Context<never>) {
    this.context = context
    const held = () => {
      // Quotas for which calls have only waited yet have no series before somebody looks.
      this.sample()
      return sumOf([...this.limiters.keys()], (limiter) => limiter.leases())
    }
    this.gauge(Metrics.leases, {}, held)
  }

  /** Gives what ends it. */
  add(limiter: Service, tallies: Tallies): () => void {
    this.limiters.set(limiter, tallies)
    const deafen = tallies.listen((tally) => {
      if (tally instanceof QuotaTally) this.addQuota(tally)
      else this.addCalls(tally)
    })
    return () => {
      deafen()
      this.limiters.delete(limiter)
    }
  }

  private addCalls(tally: CallTally): void {
    const labels = labelsOf(tally)
    if (!isFirst(this.calls, labels, tally)) return
    const summed = this.calls.get(JSON.stringify(labels)) ?? []
    for (const counter of Metrics.callCounters) {
      this.counter(counter, { ...labels, ...counter.labels }, () => sumOf(summed, counter.read))
    }
  }

  private addQuota(tally: QuotaTally): void {
    const labels = { ...labelsOf(tally.calls), quota: tally.quota }
    if (!isFirst(this.quotas, labels, tally)) return
    const key = JSON.stringify(labels)
    const summed = this.quotas.get(key) ?? []
    for (const counter of Metrics.quotaCounters) {
      this.counter(counter, { ...labels, ...counter.labels }, () => sumOf(summed, counter.read))
    }
    for (const gauge of Metrics.quotaGauges) {
      this.gauge(gauge, { ...labels, ...gauge.labels }, () => sumOf(this.sample().get(key) ?? [], gauge.read))
    }
    this.histogram({ ...labels, unit: Metrics.waits.unit }, () => summed.map(({ waits }) => waits))
  }

  private counter(metric: Described, labels: Labels, read: () => number): void {
    const { description, name, unit } = metric
    const counter = Metric.counter(name, { description, attributes: { ...labels, unit }, incremental: true })
    this.register(counter, () => ({ count: read(), incremental: true }))
  }

  private gauge(metric: Described, labels: Labels, read: () => number): void {
    const { description, name, unit } = metric
    this.register(Metric.gauge(name, { description, attributes: { ...labels, unit } }), () => ({ value: read() }))
  }

  private histogram(attributes: Labels, read: () => ReadonlyArray<Waits>): void {
    const { description, name } = Metrics.waits
    const boundaries = Waits.boundariesMillis.map((millis) => millis / 1000)
    this.register(Metric.histogram(name, { description, boundaries, attributes }), () => {
      const waits = read()
      let cumulated = 0
      const buckets = boundaries.map((boundary, i): [number, number] => {
        cumulated += sumOf(waits, ({ counts }) => counts[i] ?? 0)
        return [boundary, cumulated]
      })
      return {
        buckets,
        count: sumOf(waits, ({ count }) => count),
        sum: sumOf(waits, ({ sumMillis }) => sumMillis) / 1000,
        min: Math.min(...waits.map(({ leastMillis }) => leastMillis)) / 1000,
        max: Math.max(...waits.map(({ mostMillis }) => mostMillis)) / 1000
      }
    })
  }

  private register<Input, State>(metric: Metric.Metric<Input, State>, get: () => State): void {
    Metric.registerUnsafe(metric, this.context, { get, update: () => {}, modify: () => {} })
  }

  /** The quotas of all limiters by their labels, read once for all series that are looked at together. */
  private sample(): Map<string, ReadonlyArray<QuotaStatus>> {
    if (this.sampled) return this.sampled
    const sampled = new Map<string, Array<QuotaStatus>>()
    for (const [limiter, tallies] of this.limiters) {
      for (const status of Effect.runSync(limiter.status())) {
        const { partition, provider, quota } = status
        const { calls } = tallies.ofQuota(provider, partition, quota)
        const key = JSON.stringify({ ...labelsOf(calls), quota })
        const present = sampled.get(key)
        if (present) present.push(status)
        else sampled.set(key, [status])
      }
    }
    this.sampled = sampled
    queueMicrotask(() => (this.sampled = undefined))
    return sampled
  }
}

interface Described {
  readonly name: string
  readonly description: string
  readonly unit: string
}

const labelsOf = ({ labels: { partition, provider } }: Pick<CallTally, "labels">): Labels =>
  partition === undefined ? { provider } : { provider, partition }

/** Adds a tally to those of its labels, and tells whether they are new. */
const isFirst = <T>(tallies: Map<string, Array<T>>, labels: Labels, tally: T): boolean => {
  const key = JSON.stringify(labels)
  const present = tallies.get(key)
  if (present && !present.includes(tally)) present.push(tally)
  if (!present) tallies.set(key, [tally])
  return !present
}

const sumOf = <T>(all: ReadonlyArray<T>, read: (each: T) => number): number =>
  all.reduce((sum, each) => sum + read(each), 0)

const collectors = new WeakMap<object, Map<string, Collector>>()
