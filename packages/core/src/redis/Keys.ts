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

/** The key of the desk for a counter's key: what all books of one tag share. */
export const deskKey = (layout: Layout, counter: string): string => `${layout.prefix}:{${tagOf(layout, counter)}}:desk`

/** The keys of one counter: its books, and the answers, the foreign units, the abandoned units, the holds and the line in them. */
export const bookKeys = (layout: Layout, counter: string): ReadonlyArray<string> => {
  const before = `${layout.prefix}:{${tagOf(layout, counter)}}:${counter}`
  return [before, `${before}:answers`, `${before}:foreign`, `${before}:abandoned`, `${before}:holds`, `${before}:line`]
}

/** The counter that a key of books is of. */
export const counterOf = (key: string): string => key.slice(key.indexOf("}:") + 2)

const tagOf = ({ tagBy }: Layout, counter: string): string => {
  const [origin = "", partition = ""] = counter.split("|")
  return (tagBy === "origin" ? `${origin}|` : `${origin}|${partition}`).replace(/[%{}]/g, encodeURIComponent)
}
