/** A quota's slots as one bar: held, cooling, used by others; what is empty is free. */
import type { JSX } from "solid-js"
import type { Quota } from "../../src/Limits.ts"
import { slotsOf } from "./sentences.ts"

export const Bar = (props: { readonly quota: Quota }): JSX.Element => {
  const share = (units: number) => Math.min(1, Math.max(0, units / Math.max(1, props.quota.limit)))
  const from = (before: number, units: number) => `translateX(${share(before) * 100}%) scaleX(${share(units)})`
  return (
    <div class="bar" role="img" aria-label={slotsOf(props.quota)} title={slotsOf(props.quota)}>
      <i class="held" style={{ transform: from(0, props.quota.held) }} />
      <i class="cooling" style={{ transform: from(props.quota.held, props.quota.cooling) }} />
      <i class="foreign" style={{ transform: from(props.quota.held + props.quota.cooling, props.quota.foreign) }} />
      <i
        class="closed"
        style={{ transform: from(props.quota.limitInForce, props.quota.limit - props.quota.limitInForce) }}
      />
    </div>
  )
}
