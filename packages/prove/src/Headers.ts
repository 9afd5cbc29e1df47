/** What a server writes of its counters, in text, right or wrong; read back by `Signal.fromHeaders` as any client reads it. */
import * as Signal from "@sluice/core/Signal"
import type * as Metering from "@sluice/simulator/Metering"
import type * as Seeded from "@sluice/simulator/Seeded"
import type { HeaderFaults, Tells } from "./Faults.ts"

type Headers = Record<string, string>

export class Writer {
  private readonly tells: Tells
  private readonly faults: HeaderFaults
  private readonly seeded: Seeded.Seeded
  private stale: { readonly at: number; readonly signal: Signal.Signal } | undefined
  private dateSecond = -1
  private dateText = ""

  constructor(tells: Tells, faults: HeaderFaults, seeded: Seeded.Seeded) {
    this.tells = tells
    this.faults = faults
    this.seeded = seeded
  }

  /** What the client reads in a response that the server dated and sent at these instants of its clock. */
  signal(outcome: Metering.Outcome, datedAt: number, sentAt: number, names: ReadonlyArray<string>): Signal.Signal {
    const { faults } = this
    if (this.chance(faults.missing)) return Signal.none
    if (this.stale && faults.staleMillis !== undefined && sentAt - this.stale.at < faults.staleMillis) {
      return this.stale.signal
    }
    const headers: Headers = { date: this.date(datedAt) }
    for (const reading of outcome.readings) {
      const suffix = names.length > 1 ? `-${reading.meter.quota.name}` : ""
      headers[`x-ratelimit-limit${suffix}`] = String(reading.limit)
      headers[`x-ratelimit-remaining${suffix}`] = String(reading.remaining)
      if (this.tells !== "remaining") headers[`x-ratelimit-reset${suffix}`] = this.reset(reading.resetAtMillis, sentAt)
    }
    if (outcome.refused.length > 0 && this.tells !== "remaining") {
      const retryAt = Math.max(...outcome.refused.map((reading) => reading.retryAtMillis))
      headers["retry-after"] = String(Math.max(0, Math.ceil((retryAt - sentAt) / 1000)))
    }
    if (this.chance(faults.rubbish)) this.spoil(headers, () => this.rubbish())
    if (this.chance(faults.falseCounts)) this.spoil(headers, (name) => (isCount(name) ? this.falseCount() : undefined))
    if (this.chance(faults.falseTimes)) {
      this.spoil(headers, (name) => (isCount(name) ? undefined : this.falseTime(name, sentAt)))
    }
    const signal = Signal.fromHeaders(headers)
    const closes = outcome.refused.map((reading) => reading.meter.quota.name)
    const told = closes.length > 0 ? { ...signal, closes } : signal
    if (faults.staleMillis !== undefined) this.stale = { at: sentAt, signal }
    return told
  }

  private reset(resetAtMillis: number, sentAt: number): string {
    const { tells } = this
    if (tells === "after") return String(Math.max(0, Math.floor((resetAtMillis - sentAt) / 1000)))
    const seconds = resetAtMillis / 1000
    return String(tells === "floor" ? Math.floor(seconds) : tells === "ceil" ? Math.ceil(seconds) : Math.round(seconds))
  }

  private date(at: number): string {
    const second = Math.floor(at / 1000)
    if (second !== this.dateSecond) {
      this.dateSecond = second
      this.dateText = new Date(second * 1000).toUTCString()
    }
    return this.dateText
  }

  private spoil(headers: Headers, wrong: (name: string) => string | undefined): void {
    for (const name of Object.keys(headers)) headers[name] = wrong(name) ?? headers[name] ?? ""
  }

  private falseCount(): string {
    return String(this.seeded.nextInt() % 400)
  }

  private falseTime(name: string, sentAt: number): string {
    const at = sentAt + (this.seeded.nextFraction() - 0.5) * 7_200_000
    if (name === "date") return new Date(Math.max(0, at)).toUTCString()
    return String(Math.max(0, Math.floor((this.tells === "after" ? at - sentAt : at) / 1000)))
  }

  private rubbish(): string {
    const { seeded } = this
    const texts = [
      "",
      "-1",
      "NaN",
      "1e309",
      "0x10",
      "soon",
      "9".repeat(40),
      "Fri, 31 Feb 2020 25:61:61 GMT",
      "\u0000;=,"
    ]
    return texts[seeded.nextInt() % texts.length] ?? ""
  }

  private chance(share = 0): boolean {
    return share > 0 && this.seeded.nextFraction() < share
  }
}

const isCount = (name: string) => name.includes("limit-limit") || name.includes("remaining")
