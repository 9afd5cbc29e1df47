/** The server of a plan: the simulator's exact counters, and what its answers tell, read as a client reads them. */
import * as Signal from "@sluice/core/Signal"
import type { Meter, Reading, Request, Simulation } from "@sluice/core/Simulation"
import type { Quota } from "@sluice/core/Quota"
import * as Metering from "@sluice/simulator/Metering"
import * as Scenario from "@sluice/simulator/Scenario"
import type { HttpClientRequest } from "effect/http"
import type { Described } from "./Described.ts"

/** A provider as its server sees it, and as its client reads it. */
export interface Sides {
  readonly simulation: Simulation
  readonly provider: Described
}

/** A class of calls at the server. */
export interface Arrival {
  readonly meters: ReadonlyArray<Meter>
  readonly request: Request | undefined
}

export class Origin {
  /** Times at which something was refused: a plan has none. */
  refusals = 0
  private readonly sides: Sides | undefined
  private readonly metering: Metering.Metering
  private readonly startMillis: number
  private readonly memory = new Map<string, unknown>()
  private sequence = 0
  private second = -1
  private date = ""
  private bare: Signal.Signal = Signal.none

  constructor(options: {
    readonly quotas: Readonly<Record<string, Quota>>
    readonly sides: Sides | undefined
    readonly startMillis: number
  }) {
    this.sides = options.sides
    this.startMillis = options.startMillis
    this.metering = Metering.make(options.quotas, Scenario.make({}), options.startMillis)
  }

  /** What the server counts of a request; of two of one kind, what it counts of both. */
  arrivalOf(request: HttpClientRequest.HttpClientRequest, other: HttpClientRequest.HttpClientRequest): Arrival {
    const { sides } = this
    if (!sides) return { meters: [], request: undefined }
    const seen = seenOf(request, sides.provider.authorization)
    const others = sides.simulation.meters(seenOf(other, sides.provider.authorization), this.metering.quotas)
    const meters = sides.simulation.meters(seen, this.metering.quotas)
    return { request: seen, meters: meters.filter((meter) => others.some((one) => isSame(meter, one))) }
  }

  /** Counts units that came before the start. */
  preload(meters: ReadonlyArray<Meter>): void {
    this.metering.add(meters, this.startMillis, this.startMillis)
  }

  /** A request arrives; its answer is there at `endAt`. Gives what that answer tells. */
  arrive({ meters, request }: Arrival, at: number, endAt: number): Signal.Signal {
    const now = this.startMillis + at
    const { readings, refused } = this.metering.count(meters, now, this.startMillis + endAt)
    if (refused.length > 0) this.refusals++
    return this.signal(readings, request, now, this.startMillis + endAt)
  }

  /** Whether the server keeps nothing but counters, so that `put` tells all of it. */
  get isPlain(): boolean {
    return this.memory.size === 0
  }

  put(arrivals: ReadonlyArray<Arrival>, at: number, put: (value: number) => void): void {
    for (const { meters } of arrivals) this.metering.put(meters, this.startMillis + at, put)
  }

  private signal(
    readings: ReadonlyArray<Reading>,
    request: Request | undefined,
    now: number,
    receivedAtMillis: number
  ): Signal.Signal {
    const second = Math.floor(now / 1000)
    const isNew = second !== this.second
    if (isNew) {
      this.second = second
      this.date = new Date(second * 1000).toUTCString()
    }
    const { sides } = this
    const context = { nowMillis: now, sequence: this.sequence++, memory: this.memory }
    const told = sides ? sides.simulation.headers(readings, context) : none
    const names = Object.keys(told)
    // Answers of one second that tell nothing but their date tell the same.
    if (names.length === 0) {
      if (isNew) this.bare = this.read({ date: this.date }, request, receivedAtMillis)
      return this.bare
    }
    const headers: Record<string, string> = { date: this.date }
    for (const name of names) headers[name.toLowerCase()] = told[name] ?? ""
    return this.read(headers, request, receivedAtMillis)
  }

  private read(headers: Readonly<Record<string, string>>, request: Request | undefined, receivedAtMillis: number) {
    if (!this.sides || !request) return Signal.fromHeaders(headers)
    const { headers: sent, method, path } = request
    const wire = { request: { method, path, headers: sent }, status: 200, headers, body: "", receivedAtMillis }
    return this.sides.provider.decode(wire).signal
  }
}

const none: Readonly<Record<string, string>> = {}

const isSame = (a: Meter, b: Meter) => a.quota === b.quota && a.key === b.key

const seenOf = ({ method, url }: HttpClientRequest.HttpClientRequest, scheme: string): Request => {
  const { pathname, searchParams } = new URL(url, "https://plan.invalid")
  return { method, path: pathname, query: searchParams, headers: { authorization: `${scheme} plan` }, body: "" }
}
