/** The metrics of a limiter by their names: what they are, what they count in, and where that is read. */
import type { CallTally, QuotaTally } from "../admission/Tally.ts"
import type { QuotaStatus } from "../limiter/QuotaStatus.ts"

/** A number that only goes up; `labels` are those of its own. */
interface Counter<T> {
  readonly name: string
  readonly description: string
  readonly unit: string
  readonly labels: Readonly<Record<string, string>>
  readonly read: (tally: T) => number
}

/** A state, read when somebody looks. */
interface Gauge {
  readonly name: string
  readonly description: string
  readonly unit: string
  readonly labels: Readonly<Record<string, string>>
  readonly read: (status: QuotaStatus) => number
}

const none = {}

const turnedAway = (["QueueFull", "DeadlineExceeded", "Never", "Closed", "Store"] as const).map(
  (reason): Counter<CallTally> => ({
    name: "sluice_turned_away_total",
    description: "Calls that failed by an AdmissionError",
    unit: "{call}",
    labels: { reason },
    read: (tally) => tally.turnedAway.get(reason) ?? 0
  })
)

/** Of the calls to one provider. */
export const callCounters: ReadonlyArray<Counter<CallTally>> = [
  {
    name: "sluice_admitted_total",
    description: "Calls admitted, at once or after a wait",
    unit: "{call}",
    labels: none,
    read: ({ admitted }) => admitted
  },
  ...turnedAway,
  {
    name: "sluice_refused_total",
    description: "Refusals by providers",
    unit: "{call}",
    labels: { quota: "" },
    read: ({ refused }) => refused
  },
  {
    name: "sluice_abandoned_total",
    description: "Requests lost from sight",
    unit: "{call}",
    labels: none,
    read: ({ abandoned }) => abandoned
  }
]

/** Of one quota. */
export const quotaCounters: ReadonlyArray<Counter<QuotaTally>> = [
  {
    name: "sluice_refused_total",
    description: "Refusals by providers",
    unit: "{call}",
    labels: none,
    read: ({ refused }) => refused
  },
  {
    name: "sluice_unexpected_total",
    description: "Refusals that our books do not explain",
    unit: "{call}",
    labels: none,
    read: ({ unexpected }) => unexpected
  },
  {
    name: "sluice_paused_total",
    description: "Closures by refusals",
    unit: "{closure}",
    labels: none,
    read: ({ paused }) => paused
  }
]

export const waits = {
  name: "sluice_wait_seconds",
  description: "How long calls waited that had to wait, by the quota that held them back last",
  unit: "s"
}

const limit = (kind: string, read: Gauge["read"]): Gauge => ({
  name: "sluice_limit_units",
  description: "Limits: as configured, as the provider told, and in force",
  unit: "{unit}",
  labels: { kind },
  read
})

const slots = (state: string, read: Gauge["read"]): Gauge => ({
  name: "sluice_slots_units",
  description: "Slots by state, without those of limits that nobody tells",
  unit: "{unit}",
  labels: { state },
  read
})

const finite = (value: number) => (Number.isFinite(value) ? value : 0)

/** Of the counters of one quota, summed up. */
export const quotaGauges: ReadonlyArray<Gauge> = [
  limit("published", ({ published }) => finite(published)),
  limit("told", ({ limit }) => finite(limit)),
  limit("in_force", ({ limitInForce }) => finite(limitInForce)),
  slots("free", ({ free }) => finite(free)),
  slots("held", ({ inFlight }) => inFlight),
  slots("cooling", ({ cooling }) => cooling),
  slots("foreign", ({ foreign }) => foreign),
  {
    name: "sluice_waiting_calls",
    description: "Calls that wait for the quota",
    unit: "{call}",
    labels: none,
    read: ({ waiting }) => waiting.reduce((sum, { calls }) => sum + calls, 0)
  },
  {
    name: "sluice_closed_counters",
    description: "Counters of the quota that are closed by a refusal",
    unit: "{counter}",
    labels: none,
    read: ({ closedUntil }) => (closedUntil._tag === "Some" ? 1 : 0)
  },
  {
    name: "sluice_counters",
    description: "Counters of the quota that are remembered: partitions, endpoints, contacts",
    unit: "{counter}",
    labels: none,
    read: () => 1
  }
]

export const leases = {
  name: "sluice_leases",
  description: "Leases of a shared store that are held",
  unit: "{lease}"
}
