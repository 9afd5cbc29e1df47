import { type Context, Metric } from "effect"

/** Calls admitted, at once or after a wait. */
const admitted = Metric.counter("sluice_admitted_total", { description: "Calls admitted", incremental: true })

/** A number that goes up with every call. It is read when somebody looks: writing to a metric costs as much as admitting. */
export interface Count {
  value: number
}
const countOf = new WeakMap<object, Count>()

/** The count of admitted calls: one for all limiters that write to the same series. */
export const admittedIn = (context: Context.Context<never>): Count => {
  const known = countOf.get(admitted.valueUnsafe(context))
  if (known) return known
  const count: Count = { value: 0 }
  const get = () => {
    const state = { count: count.value, incremental: true }
    countOf.set(state, count)
    return state
  }
  Metric.registerUnsafe(admitted, context, { get, update: () => {}, modify: () => {} })
  return count
}

/** Refusals by a provider, whatever their cause. */
export const refused = Metric.counter("sluice_refused_total", {
  description: "Refusals by providers",
  incremental: true
})

/** Requests that ended unseen and hold their slots for as long as a server may work on them. */
export const abandoned = Metric.counter("sluice_abandoned_total", {
  description: "Requests lost from sight",
  incremental: true
})

/** Milliseconds waited by calls that had to wait. */
export const waited = Metric.histogram("sluice_wait_millis", {
  description: "Milliseconds waited for admission",
  boundaries: [1, 10, 100, 1000, 10_000, 60_000, 600_000, 3_600_000]
})
