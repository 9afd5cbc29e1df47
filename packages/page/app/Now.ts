/** The present, by the server's clock as far as it told. */
import { type Accessor, createSignal } from "solid-js"

const [offset, setOffset] = createSignal(0)
const [tick, setTick] = createSignal(Date.now())

/** Four times a second while somebody looks. */
setInterval(() => document.hidden || setTick(Date.now()), 250)

export const now: Accessor<number> = () => tick() + offset()

/** What the server's clock shows just now. */
export const setNow = (at: number): void => {
  const found = at - Date.now()
  // Small differences are the way here, and would make what counts down tremble.
  if (Math.abs(found - offset()) > 500) setOffset(found)
}
