/** The limits as the server tells them: the whole state first, then what changes. */
import { type Accessor, createMemo } from "solid-js"
import { createStore, produce, reconcile } from "solid-js/store"
import type { Limits, Quota } from "../../src/Limits.ts"
import { apply, type Draft, type Patch } from "../../src/Patch.ts"
import { listen } from "../Live.ts"
import { setNow } from "../Now.ts"

const nothing = (): Draft => ({ at: 0, scope: "process", quotas: {}, hidden: 0, happenings: [] })

export interface Source {
  readonly limits: Limits
  readonly isLive: Accessor<boolean | undefined>
  /** In an order that stays: by provider, partition, quota. */
  readonly keys: Accessor<ReadonlyArray<string>>
  readonly quota: (key: string) => Quota | undefined
}

export const source = (at: string): Source => {
  const [limits, setLimits] = createStore<Draft>(nothing())
  const { isLive } = listen(`${at}/changes`, {
    events: {
      // What the server sends is its own page's.
      whole: (data) => {
        const whole = data as Limits
        setNow(whole.at)
        setLimits(reconcile({ ...whole }, { key: "id" }))
      },
      change: (data) => {
        const patch = data as Patch
        setNow(patch.at)
        setLimits(produce((draft) => apply(draft, patch)))
      }
    }
  })
  const keys = createMemo(() => Object.keys(limits.quotas).toSorted())
  return { limits, isLive, keys, quota: (key) => limits.quotas[key] }
}
