/** A plan as text: a table, a chart for each class, what is used, and what more would buy. */
import type { Alternative, Interval, Plan, PlannedClass } from "@sluice/planner/Plan"
import { span } from "./LiveTable.ts"

const heights = ["▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"]

/** Lines; charts have so many columns. */
export const lines = (plan: Plan, columns: number): ReadonlyArray<string> => [
  `${plan.provider === "" ? "" : `${plan.provider}: `}${plan.calls} calls are done after ${span(plan.doneAfterMillis)}; none is refused.`,
  "",
  ...table(
    [
      "class",
      "calls",
      "workers",
      "done after",
      "a second",
      ...(hasDeadline(plan) ? ["by the deadline"] : []),
      "held back by"
    ],
    plan.classes.map((one) => [
      one.name,
      String(one.calls),
      String(one.workers),
      span(one.doneAfterMillis),
      rate(one),
      ...(hasDeadline(plan) ? [String(one.doneByDeadline ?? 0)] : []),
      heldBy(one)
    ])
  ),
  "",
  ...charts(plan, columns),
  "",
  ...table(
    ["quota", "limit", "used", "of what it passes"],
    plan.quotas.map(({ limit, name, units, utilisation, windowMillis }) => [
      name,
      windowMillis === 0 ? `${limit} at a time` : `${limit} in ${span(windowMillis)}`,
      String(units),
      percent(utilisation)
    ])
  ),
  ...(plan.alternatives.length === 0
    ? []
    : ["", "More would buy:", ...plan.alternatives.map((one) => `  ${alternative(one, plan)}`)]),
  "",
  computed(plan)
]

/** What one alternative gives, in a sentence. */
export const alternative = ({ change, enough, from, of, sooner, to }: Alternative, plan: Plan): string => {
  const what = change === "limit" ? `a limit of ${to} for ${of}` : `${to} workers for ${of}`
  const until = change === "limit" ? "it holds nothing back" : "a quota holds them back"
  const gives = sooner.map(({ doneAfterMillis, name }) => {
    const now = plan.classes.find((one) => one.name === name)?.doneAfterMillis ?? 0
    return `${name} done after ${span(doneAfterMillis)} instead of ${span(now)}`
  })
  return `${what} instead of ${from}: ${gives.join(", ") || "nothing done sooner"}${enough === undefined ? "" : `; from ${enough} on ${until}`}`
}

/** What held a class back, the most first. */
export const heldBy = (one: PlannedClass): string => {
  const held = Object.entries(one.heldMillis).toSorted((a, b) => b[1] - a[1])
  if (held.length === 0) return "its workers"
  return held.map(([quota, millis]) => `${quota} ${percent(millis / Math.max(1, one.doneAfterMillis))}`).join(", ")
}

/** How much was done at each column, and which quota held the class back there; a dot where none did. */
const charts = (plan: Plan, columns: number): ReadonlyArray<string> => {
  const names = plan.classes.flatMap(({ heldMillis }) => Object.keys(heldMillis))
  const letters = new Map([...new Set(names)].map((name, index) => [name, String.fromCodePoint(97 + (index % 26))]))
  const width = Math.max(10, ...plan.classes.map(({ name }) => name.length))
  const per = plan.doneAfterMillis / columns
  const rows = plan.classes.flatMap((one) => {
    const cells = Array.from({ length: columns }, (_, column) => (column + 1) * per)
    const curve = cells.map(
      (at) => heights[Math.min(7, Math.floor((doneAt(one, at, plan) / Math.max(1, one.calls)) * 8))] ?? ""
    )
    const bound = cells.map((at) => {
      const interval = intervalAt(one.bound, at - per / 2)
      return interval === undefined ? " " : interval.quota === null ? "." : (letters.get(interval.quota) ?? "?")
    })
    return [`${one.name.padEnd(width)} ${curve.join("")}`, `${" ".repeat(width)} ${bound.join("")}`.trimEnd()]
  })
  const end = span(plan.doneAfterMillis)
  const legend = [...letters].map(([name, letter]) => `${letter} ${name}`)
  return [
    ...rows,
    `${" ".repeat(width)} 0${end.padStart(columns - 1)}`,
    `Held back by ${[...legend, ". its own workers"].join(", ")}.`
  ]
}

/** Calls done until an instant: in between buckets as many as the straight line between them says. */
const doneAt = ({ done }: PlannedClass, at: number, { bucketMillis }: Plan): number => {
  const bucket = Math.floor(at / bucketMillis)
  const before = bucket === 0 ? 0 : (done[Math.min(bucket, done.length) - 1] ?? 0)
  const after = done[Math.min(bucket, done.length - 1)] ?? before
  return before + (after - before) * (at / bucketMillis - bucket)
}

const intervalAt = (bound: ReadonlyArray<Interval>, at: number) =>
  bound.find(({ fromMillis, toMillis }) => at >= fromMillis && at < toMillis)

const computed = ({ computed: { roundMillis, rounds, simulated }, latencyMillis: { after, before } }: Plan): string =>
  `${before} there, ${after} back. ${simulated} calls were gone through one by one${
    roundMillis === undefined ? "" : `; rounds of ${span(roundMillis)} come again and were passed over ${rounds} times`
  }.`

const table = (header: ReadonlyArray<string>, rows: ReadonlyArray<ReadonlyArray<string>>): ReadonlyArray<string> => {
  const all = [header, ...rows]
  const widths = header.map((_, column) => Math.max(...all.map((cells) => cells[column]?.length ?? 0)))
  return all.map((cells) =>
    cells
      .map((cell, column) =>
        column === 0 || column === header.length - 1
          ? cell.padEnd(widths[column] ?? 0)
          : cell.padStart(widths[column] ?? 0)
      )
      .join("  ")
      .trimEnd()
  )
}

const hasDeadline = (plan: Plan) => plan.deadlineMillis !== undefined
const rate = ({ calls, doneAfterMillis }: PlannedClass) =>
  doneAfterMillis === 0 ? "" : ((calls * 1000) / doneAfterMillis).toPrecision(3)
const percent = (share: number) => `${(share * 100).toFixed(1)} %`
