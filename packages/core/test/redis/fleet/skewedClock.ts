/** Loaded before a worker: the wall clock is off by `SLUICE_SKEW` milliseconds, and the monotonic one as it was. */
const skewMillis = Number(process.env["SLUICE_SKEW"] ?? 0)
const True = Date

class Skewed extends True {
  constructor(...args: ReadonlyArray<never>) {
    if (args.length === 0) super(True.now() + skewMillis)
    else super(...(args as unknown as [number]))
  }
  static override now = () => True.now() + skewMillis
}

globalThis.Date = Skewed as DateConstructor
