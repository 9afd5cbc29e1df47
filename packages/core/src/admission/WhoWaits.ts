/** Who waits, by counter: in this process, or in others. */
import type { Waiting } from "./Lane.ts"

export type WhoWaits = ReadonlyMap<string, ReadonlyArray<Waiting>>

/** Those of one priority and tenant are one group, wherever they wait. */
export const joined = (here: ReadonlyArray<Waiting>, elsewhere: ReadonlyArray<Waiting>): ReadonlyArray<Waiting> => {
  if (elsewhere.length === 0) return here
  const groups = new Map<string, Waiting>()
  for (const group of [...here, ...elsewhere]) {
    const key = `${group.priority} ${group.tenant}`
    const known = groups.get(key)
    groups.set(key, {
      ...group,
      calls: group.calls + (known?.calls ?? 0),
      units: group.units + (known?.units ?? 0),
      since: Math.min(group.since, known?.since ?? Infinity)
    })
  }
  return [...groups.values()]
}
