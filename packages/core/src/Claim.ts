/**
 * What one request needs: some units of several quotas at once, taken all together or not at all.
 *
 * @example
 * ```ts
 * import { Claim, Quota } from "@sluice/core"
 *
 * const perMinute = Quota.rolling(60, "1 minute")
 * const perDay = Quota.rolling(5000, "1 day")
 * const claim = Claim.make({ partition: "acme", needs: [Claim.need(perMinute), Claim.need(perDay, { cost: 2 })] })
 * ```
 */
import { Data } from "effect"
import type { Quota } from "./Quota.ts"

/** Some units of one quota. `key` names the counter: needs of equal keys draw on the same slots. */
export interface Need {
  readonly quota: Quota
  readonly key: string
  readonly cost: number
}

export interface Claim {
  /** Whose quotas they are, by a name that may be printed: never a key in clear. */
  readonly partition: string
  /** Which server's clock the answers tell; claims of one origin share what is learned of it. */
  readonly origin: string
  readonly needs: ReadonlyArray<Need>
}

/** A claim that cannot be: names the field, the rule that it breaks and the value that was given. */
export class ClaimError extends Data.TaggedError("ClaimError")<{
  readonly field: string
  readonly rule: string
  readonly value: unknown
}> {
  override get message() {
    return `Claim: ${this.field} takes ${this.rule}, but was given ${String(this.value)}.`
  }
}

/**
 * A part of a claim before its partition is known; `within` narrows the counter, to one endpoint or contact, say, and
 * `partition` replaces the claim's, for a counter that several keys share.
 */
export interface Draw {
  readonly quota: Quota
  readonly cost: number
  readonly within: string
  readonly partition?: string
}

/** Some units, by default one, of a quota. Throws `ClaimError`. */
export const need = (
  quota: Quota,
  options?: { readonly cost?: number; readonly within?: string; readonly partition?: string | undefined }
): Draw => {
  const cost = options?.cost ?? 1
  if (!Number.isInteger(cost) || cost < 1) {
    throw new ClaimError({ field: `cost of ${quota.name}`, rule: "a whole number, 1 or more", value: cost })
  }
  const own = options?.partition === undefined ? {} : { partition: options.partition }
  return { quota, cost, within: options?.within ?? "", ...own }
}

/** A claim on the quotas of one partition. Throws `ClaimError` if two needs draw on the same counter. */
export const make = (options: {
  readonly needs: ReadonlyArray<Draw>
  readonly partition?: string
  readonly origin?: string
}): Claim => {
  const { origin = "", partition = "" } = options
  const needs = options.needs.map((draw) => needOf(draw, origin, draw.partition ?? partition))
  for (let i = 1; i < needs.length; i++) {
    for (let j = 0; j < i; j++) {
      if (needs[i]?.key === needs[j]?.key) {
        throw new ClaimError({ field: "needs", rule: "each counter once, with its whole cost", value: needs[i]?.key })
      }
    }
  }
  return { partition, origin, needs }
}

/** Most requests need what the last one of the same quota needed: its key is made once. */
const needOf = (draw: Draw, origin: string, partition: string): Need => {
  const { cost, quota, within } = draw
  const last = latest.get(quota)
  if (last?.origin === origin && last.partition === partition && last.within === within && last.need.cost === cost) {
    return last.need
  }
  const parts = [part("origin", origin), part("partition", partition), part("name of a quota", quota.name), within]
  const need = { quota, cost, key: parts.join("|") }
  latest.set(quota, { origin, partition, within, need })
  return need
}
const latest = new WeakMap<
  Quota,
  { readonly origin: string; readonly partition: string; readonly within: string; readonly need: Need }
>()

/** A key's parts stay apart, or two partitions could draw on one counter. */
const part = (field: string, value: string): string => {
  if (!value.includes("|")) return value
  throw new ClaimError({ field, rule: 'a text without "|"', value })
}

/** The same claim on another partition's counters. A need that names a partition of its own keeps it. */
export const inPartition = (claim: Claim, partition: string): Claim => {
  const before = `${claim.origin}|${claim.partition}|`
  const after = `${claim.origin}|${part("partition", partition)}|`
  const moved = (key: string) => (key.startsWith(before) ? after + key.slice(before.length) : key)
  return { ...claim, partition, needs: claim.needs.map((need) => ({ ...need, key: moved(need.key) })) }
}

/** A claim of one unit of each quota. */
export const of = (...quotas: ReadonlyArray<Quota>): Claim => make({ needs: quotas.map((quota) => need(quota)) })
