/** What has to be said beside the tables: where Sluice is not first, and why. */
import type { Row } from "./Bench.ts"
import * as Network from "./Network.ts"
import { percent } from "./Table.ts"

/** Shares that differ by less are taken for equal: the same peer differs by more from run to run. */
const noise = 0.005

/** What it costs Sluice at a policy that somebody else may not pay. */
const reasons: Readonly<Record<string, string>> = {
  attio:
    "Sluice learns from Date where the clock second begins, and until it has, its slots cool for a second from the answer.",
  productlane:
    "X-RateLimit-Reset is told in whole seconds, a tenth of a second here, by which Sluice waits longer at the end of the minute; and a slot of the burst cools from the answer.",
  clarifai:
    "Sluice keeps to a window from answer to request, which costs one round trip a second: whoever counts from the sending is faster, until it is refused.",
  prayerletters:
    "Sluice keeps to a window from answer to request, which costs one round trip an hour: whoever counts from the sending is faster, until it is refused.",
  suiteop:
    "Sluice keeps to both windows from answer to request, which costs one round trip of each: whoever counts from the sending is faster, until it is refused."
}

/** One sentence if somebody was refused less or took less time than Sluice: who took the least, refused or not, and why. */
export const ofRows = (rows: ReadonlyArray<Row>): ReadonlyArray<string> => {
  const sluice = rows.find(({ peer }) => peer.id === "sluice")
  if (sluice === undefined) return []
  const { network, policy, summary: own } = sluice
  const better = rows.filter(
    ({ summary }) =>
      summary.refusedShare.median < own.refusedShare.median || summary.share.median > own.share.median + noise
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
  const reason = reasons[policy.id] ?? ""
  return [`${place}: ${figures(sluice)}; ${others.join("; ")}. ${reason}`.trim()]
}

/** The fastest of them, and how many more there are. */
const best = (rows: ReadonlyArray<Row>, how: string): ReadonlyArray<string> => {
  const [first, ...rest] = rows.toSorted((left, right) => right.summary.share.median - left.summary.share.median)
  if (first === undefined) return []
  return [`${how} ${figures(first)}${rest.length === 0 ? "" : `, and ${rest.length} more have more than Sluice`}`]
}

const figures = ({ peer, summary }: Row) =>
  `${peer.title} has ${percent(summary.share.median)} and is refused ${percent(summary.refusedShare.median)}`
