/** How many calls of each tenant wait, so that no one of them fills the room. */
import type { Permit } from "../Admission.ts"

export class Tenants {
  private readonly counts = new Map<string, { calls: number; weight: number }>()

  came({ tenant, weight }: Permit): void {
    const count = this.counts.get(tenant)
    if (!count) return void this.counts.set(tenant, { calls: 1, weight })
    count.calls++
    count.weight = weight
  }

  left({ tenant }: Permit): void {
    const count = this.counts.get(tenant)
    if (count && --count.calls === 0) this.counts.delete(tenant)
  }

  /** The one with the most calls for its weight, if without one of them it has no less than a permit's with one more. */
  louderThan({ tenant, weight }: Permit): string | undefined {
    let loudest: string | undefined
    let most = ((this.counts.get(tenant)?.calls ?? 0) + 1) / weight
    for (const [name, count] of this.counts) {
      const share = (count.calls - 1) / count.weight
      if (name === tenant || share < most) continue
      most = share
      loudest = name
    }
    return loudest
  }
}
