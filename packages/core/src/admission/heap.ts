/** A binary heap in an array, whose nodes know their places: the first is the one that goes before all others. */
export interface Node {
  /** Where it stands in its heap. */
  place: number
}

/** Puts a node at a place, or as far above as it goes before those that stand there. */
export const rise = <N extends Node>(
  heap: Array<N>,
  node: N,
  from: number,
  goesBefore: (a: N, b: N) => boolean
): void => {
  let place = from
  while (place > 0) {
    const parent = (place - 1) >> 1
    const above = heap[parent]
    if (!above || !goesBefore(node, above)) break
    heap[place] = above
    above.place = place
    place = parent
  }
  heap[place] = node
  node.place = place
}

/** The same, as far below as others go before it. */
export const sink = <N extends Node>(
  heap: Array<N>,
  node: N,
  from: number,
  goesBefore: (a: N, b: N) => boolean
): void => {
  let place = from
  for (;;) {
    let child = 2 * place + 1
    const left = heap[child]
    const right = heap[child + 1]
    if (left && right && goesBefore(right, left)) child++
    const below = heap[child]
    if (!below || !goesBefore(below, node)) break
    heap[place] = below
    below.place = place
    place = child
  }
  heap[place] = node
  node.place = place
}
