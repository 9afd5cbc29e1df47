/** Instants turned into what a plot draws: requests a bucket, and calls done so far. */

/** Round widths, in milliseconds. */
const widths = [50, 100, 250, 500, 1000, 2500, 5000, 10_000, 30_000, 60_000, 300_000, 600_000, 1_800_000, 3_600_000]

/** The smallest round width that cuts the span into `most` buckets or fewer. */
export const bucketMillis = (spanMillis: number, most: number): number =>
  widths.find((width) => spanMillis / width <= most) ?? Math.ceil(spanMillis / most)

/** Where the buckets begin, the last one included. */
export const edges = (spanMillis: number, width: number): ReadonlyArray<number> =>
  Array.from({ length: Math.floor(spanMillis / width) + 1 }, (_, index) => index * width)

/** How many instants lie in each bucket. */
export const perBucket = (
  instants: ReadonlyArray<number>,
  buckets: ReadonlyArray<number>,
  width: number
): ReadonlyArray<number> => {
  const counts = buckets.map(() => 0)
  for (const instant of instants) {
    const index = Math.min(counts.length - 1, Math.max(0, Math.floor(instant / width)))
    counts[index] = (counts[index] ?? 0) + 1
  }
  return counts
}

/** How many of the instants, which are in order, have come at each point of the grid; none after the last one is told. */
export const soFar = (instants: ReadonlyArray<number>, grid: ReadonlyArray<number>): ReadonlyArray<number> => {
  const ordered = instants.toSorted((left, right) => left - right)
  let index = 0
  return grid.map((at) => {
    while (index < ordered.length && (ordered[index] ?? Infinity) <= at) index++
    return index
  })
}
