/** What has to be said beside the tables: where Sluice is not first, and why. */
import type { Row } from "./Bench.ts"
import * as Network from "./Network.ts"
import { percent } from "./Table.ts"

/** Shares that differ by less are taken for equal: the same peer differs by more from run to run. */
const noise = 0.005

/** Told the limit, or reading it. */
const isSluice = ({ id }: Row["peer"]) => id.startsWith("sluice")

/** One sentence if somebody was refused less or took less time than Sluice: who took the least, refused or not, and why. */
export const ofRows = (rows: ReadonlyArray<Row>): ReadonlyArray<string> => {
  const sluice = rows.find(({ peer }) => peer.id === "sluice")
  if (sluice === undefined) return []
  const { network, policy, summary: own } = sluice
  const better = rows.filter(
    ({ peer, summary }) =>
      !isSluice(peer) &&
      (summary.refusedShare.median < own.refusedShare.median || summary.share.median > own.share.median + noise)
  )
  if (better.length === 0) return []
  const isRefused = ({ summary }: Row) => summary.refusedShare.median > 0
  const others = [
    ...best(
      better.filter((row) => !isRefused(row)),
      "without a refusal"
    ),
    ...best(better.filter(isRefused), "with refusals")
  ]
  const place = `${policy.title}, ${Network.networks[network].title}`
  return [`${place}: ${figures(sluice)}; ${others.join("; ")}. ${policy.price}`]
}

/** The fastest of them, and how many more there are. */
const best = (rows: ReadonlyArray<Row>, how: string): ReadonlyArray<string> => {
  const [first, ...rest] = rows.toSorted((left, right) => right.summary.share.median - left.summary.share.median)
  if (first === undefined) return []
  return [`${how} ${figures(first)}${rest.length === 0 ? "" : `, and ${rest.length} more have more than Sluice`}`]
}

const figures = ({ peer, summary }: Row) =>
  `${peer.title} has ${percent(summary.share.median)} and is refused ${percent(summary.refusedShare.median)}`
