/** The last ten minutes of each quota that is shown, a second a point; of all together under the empty key. */
import type { History, Limits, Quota } from "@sluice/page/Limits"
import { Ring } from "./Ring.ts"

const seconds = 600
const width = 7

export class Histories {
  private readonly rings = new Map<string, Ring>()
  private readonly refusals = new Map<string, number>()

  /** Notes how everything stands, once a second. `turnedAwayOf` gives how many calls were, since the last time. */
  note(limits: Limits, turnedAwayOf: (quota: Quota | undefined) => number): void {
    const second = Math.floor(limits.at / 1000)
    if (second <= this.ringOf("").lastSecond) return
    const totals = Array.from({ length: width }, () => 0)
    for (const [key, quota] of Object.entries(limits.quotas)) {
      const refused = Math.max(0, quota.refusals - (this.refusals.get(key) ?? quota.refusals))
      this.refusals.set(key, quota.refusals)
      const values = [
        quota.held,
        quota.cooling,
        quota.foreign,
        quota.limitInForce,
        quota.waiting.reduce((sum, { calls }) => sum + calls, 0),
        refused,
        turnedAwayOf(quota)
      ]
      this.ringOf(key).write(second, values)
      values.forEach((value, i) => (totals[i] = (totals[i] ?? 0) + value))
    }
    totals[6] = turnedAwayOf(undefined)
    this.ringOf("").write(second, totals)
    for (const [key, ring] of this.rings) {
      if (key === "" || ring.lastSecond > second - seconds) continue
      this.rings.delete(key)
      this.refusals.delete(key)
    }
  }

  /** What was noted after an instant, in milliseconds; nothing for a quota that is not known. */
  read(key: string, afterMillis?: number): History {
    const after = afterMillis === undefined ? -1 : Math.floor(afterMillis / 1000)
    const { at, columns } = this.rings.get(key)?.read(after) ?? { at: [], columns: [] }
    const [held = [], cooling = [], foreign = [], limit = [], waiting = [], refused = [], turnedAway = []] = columns
    return { at: at.map((second) => second * 1000), held, cooling, foreign, limit, waiting, refused, turnedAway }
  }

  private ringOf(key: string): Ring {
    const known = this.rings.get(key)
    if (known !== undefined) return known
    const ring = new Ring(seconds, width)
    this.rings.set(key, ring)
    return ring
  }
}
