/** All deaths of a store, or some at each kind of step. */
import type { At } from "./steps.ts"
import { type Case, type Death, die, type Stage, whole } from "./Death.ts"

export interface Options {
  /** Only where a transaction ends and around a request. */
  readonly isBrief: boolean
  /** So many of each kind of step, the first ones. */
  readonly most: number
}

/** When somebody may die, by what a whole run did. */
export const casesOf = async (stage: Stage, { isBrief, most }: Options): Promise<ReadonlyArray<Case>> => {
  const { merged, requests, sent } = await whole(stage)
  if (merged !== 1) throw new Error(`${merged} requests were several calls in one, and one was to be`)
  const steps = requests.map((label, i): At => ({
    label,
    nth: requests.slice(0, i + 1).filter((one) => one === label).length
  }))
  // Within a transaction, nothing is there yet that was told: its end is what matters.
  const ends = steps.filter(
    ({ label }) => !label.includes(":") || label.endsWith("committed") || label.startsWith("send")
  )
  const chosen = (isBrief ? ends : steps).filter(({ nth }) => nth <= most)
  const isFile = stage.database.kind === "sqlite"
  const workers = chosen.map((at): Case => {
    const victim = "worker"
    return isFile ? { victim, statement: at } : { victim, asking: { ...at, phase: "carried out" } }
  })
  const phases = ["arrived and dropped", "carried out"] as const
  const onTheWay = Array.from({ length: sent }, (_, i) => i + 1).flatMap((request) =>
    phases
      // The first is refused, and the next three are those that wait for nothing, in any order.
      .filter((phase) => !isBrief || (request > 1 && request < 5 && (phase === "carried out" || request === 2)))
      .map((phase): Case => ({ victim: "worker", sending: { request, phase } }))
  )
  const databases = isFile
    ? []
    : ends
        .filter(({ nth }) => nth <= most)
        .flatMap((at) =>
          (isBrief ? (["carried out"] as const) : (["asked", "carried out"] as const)).map((phase): Case => ({
            victim: "database",
            asking: { ...at, phase }
          }))
        )
  return [...workers, ...onTheWay, ...databases]
}

/** Workers die several at a time; a database by itself, as others would lose it too. */
export const run = async (
  stage: Stage,
  cases: ReadonlyArray<Case>,
  atOnce: number,
  onDeath: (death: Death | undefined) => void = () => {}
): Promise<ReadonlyArray<Death>> => {
  const deaths: Array<Death> = []
  const each = async (left: Array<Case>) => {
    for (let one = left.shift(); one !== undefined; one = left.shift()) {
      const death = await die(stage, one)
      if (death !== undefined) deaths.push(death)
      onDeath(death)
    }
  }
  const workers = cases.filter(({ victim }) => victim === "worker")
  await Promise.all(Array.from({ length: atOnce }, () => each(workers)))
  await each(cases.filter(({ victim }) => victim === "database"))
  return deaths
}
