/**
 * Where things are kept in Redis: a desk for each tag, and six keys for each counter.
 *
 * The tag is what Redis Cluster places keys by. It is the origin and the partition of the counter, so that partitions
 * spread over the nodes; or the origin alone, so that a claim may hold counters of several partitions on a cluster, too.
 */
export interface Layout {
  /** What every key begins with. */
  readonly prefix: string
  readonly tagBy: "partition" | "origin"
}

export interface Keys {
  /** What all books of one tag share. */
  readonly desk: string
  /** One counter's books, and the answers, the foreign units, the abandoned units, the holds and the line in them. */
  readonly book: readonly [
    books: string,
    answers: string,
    foreign: string,
    abandoned: string,
    holds: string,
    line: string
  ]
}

/** Where a counter is kept. */
export const keysOf = (layout: Layout, counter: string): Keys => {
  const known = made.get(layout) ?? new Map<string, Keys>()
  made.set(layout, known)
  const keys = known.get(counter) ?? keysFrom(layout, counter)
  if (known.size >= mostKept && !known.has(counter)) known.clear()
  known.set(counter, keys)
  return keys
}

/** Keys are asked for at each call: those of so many counters are remembered. */
const mostKept = 1000
const made = new WeakMap<Layout, Map<string, Keys>>()

const keysFrom = (layout: Layout, counter: string): Keys => {
  const tagged = `${layout.prefix}:{${tagOf(layout, counter)}}`
  const book = `${tagged}:${counter}`
  return {
    desk: `${tagged}:desk`,
    book: [book, `${book}:answers`, `${book}:foreign`, `${book}:abandoned`, `${book}:holds`, `${book}:line`]
  }
}

/** The counter that a key of books is of. */
export const counterOf = (key: string): string => key.slice(key.indexOf("}:") + 2)

const tagOf = ({ tagBy }: Layout, counter: string): string => {
  const [origin = "", partition = ""] = counter.split("|")
  return (tagBy === "origin" ? `${origin}|` : `${origin}|${partition}`).replace(/[%{}]/g, encodeURIComponent)
}
