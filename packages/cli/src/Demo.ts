/** The demo: every provider's work at once, both ways; then the table, what is special about each, and a page of plots. */
import { Console, Duration, Effect, FileSystem } from "effect"
import * as Board from "./Board.ts"
import * as Catalogue from "./Catalogue.ts"
import * as Lane from "./Lane.ts"
import * as LiveTable from "./LiveTable.ts"
import * as OpenPage from "./OpenPage.ts"
import * as Peculiarities from "./Peculiarities.ts"
import * as Report from "./Report.ts"
import * as Work from "./Work.ts"

export interface Options {
  readonly providers: ReadonlyArray<string>
  /** For each provider; by default what its entry says. */
  readonly calls: number | undefined
  readonly seed: number
  readonly budget: Duration.Duration
  readonly report: string
  readonly style: LiveTable.Style
  readonly isJson: boolean
  /** Whether the limiters are shown on a page while they work. */
  readonly dashboard: boolean
}

/** Everything about one provider that the demo shows. */
export interface Outcome extends LiveTable.Outcome {
  readonly id: string
  readonly call: string
  /** What the provider's page tells its readers to do. */
  readonly says: string
  readonly peculiarities: Peculiarities.Peculiarities
}

/** Runs it, prints it, writes the report; fails if Sluice was refused even once. */
export const run = Effect.fnUntraced(function* (options: Options) {
  const plans = (yield* Catalogue.load(options.providers)).map((entry): Lane.Plan => {
    const work = Work.of(entry.simulation)
    return { entry, work, calls: options.calls ?? work.calls, seed: options.seed, budget: options.budget }
  })
  const say = (text: string) => (options.isJson ? Effect.void : Console.log(text))
  yield* say(introduction(options.budget))
  yield* warmUp(plans)
  const outcomes = yield* Effect.scoped(
    Effect.gen(function* () {
      const board = options.dashboard ? yield* openBoard(options) : undefined
      return yield* runAll(
        plans.map((plan) => ({ ...plan, board })),
        options.style
      )
    })
  )
  const json = JSON.stringify(documentOf(outcomes), null, 2)

  const files = yield* FileSystem.FileSystem
  const page = yield* Report.page(outcomes)
  yield* Effect.catch(files.writeFileString(options.report, page), (error) =>
    Catalogue.fail(`The report cannot be written to ${options.report}: ${error.message}`, error)
  )
  if (options.isJson) yield* Console.log(json)
  yield* say(conclusion(outcomes, options))
  return yield* verdict(outcomes)
})

/** Opened in a browser where somebody sits before a terminal. */
const openBoard = ({ isJson, style }: Options) =>
  Effect.gen(function* () {
    const board = yield* Board.make
    // What is asked for as JSON has standard output for itself.
    yield* (isJson ? Console.error : Console.log)(`The limits, live, for as long as this runs: ${board.url}\n`)
    if (style.mode === "redraw") yield* OpenPage.open(board.url)
    return board
  })

/** A few calls that nobody measures: modules are loaded and code is compiled, which is not the subject. */
const warmUp = (plans: ReadonlyArray<Lane.Plan>) =>
  Effect.forEach(plans, (plan) => outcomeOf({ ...plan, calls: warmUpCalls, budget: Duration.millis(500) }, undefined), {
    concurrency: "unbounded",
    discard: true
  })
const warmUpCalls = 10

/** One provider's work begins so long after another's. */
const stagger = Duration.millis(300)

/** All providers side by side. */
export const runAll = (plans: ReadonlyArray<Lane.Plan>, style: LiveTable.Style) =>
  Effect.gen(function* () {
    const rows = plans.map(({ calls, entry, work }) => ({
      id: entry.id,
      speed: work.speed,
      progress: { sluice: { calls, done: 0, isOver: false }, sample: { calls, done: 0, isOver: false } }
    }))
    yield* LiveTable.watch(rows, style)
    // Not all at one instant: the first burst of one would be the latency of another.
    return yield* Effect.forEach(
      plans,
      (plan, index) => Effect.delay(outcomeOf(plan, rows[index]?.progress), Duration.times(stagger, index)),
      { concurrency: "unbounded" }
    )
  }).pipe(Effect.scoped)

const outcomeOf = Effect.fnUntraced(function* (plan: Lane.Plan, progress: LiveTable.Row["progress"] | undefined) {
  const { calls, entry, work } = plan
  const unseen = () => ({ calls, done: 0, isOver: false })
  const results = yield* Lane.run(plan, progress ?? { sluice: unseen(), sample: unseen() })
  const { method, path } = work.call(0)
  return {
    id: entry.id,
    title: entry.title,
    speed: work.speed,
    call: `${method} ${path}`,
    says: work.manners.says,
    results,
    peculiarities: yield* Peculiarities.run(plan)
  } satisfies Outcome
})

const introduction = (budget: Duration.Duration) =>
  `Each provider's work, done through Sluice and as its page's own sample would, each against a simulator of its own on
loopback: 5 to 50 ms of latency either way, ${Lane.workers} calls at a time. A provider at x20 has windows and latencies that pass
20 times faster than life. The sample is stopped after ${Duration.format(budget)}.
`

const conclusion = (outcomes: ReadonlyArray<Outcome>, { report, style }: Options) =>
  [
    "",
    ...LiveTable.table(outcomes, style.color),
    "",
    "refused: by the server's count. wasted: requests that got no work done. took: by this machine's clock. best: what a",
    "client that knows everything would need for the calls that were done. share: best of what was needed.",
    ...outcomes.flatMap(({ peculiarities, title }) => [
      "",
      `${title} (${peculiarities.provoked} refusals provoked on keys of their own, counted apart)`,
      ...peculiarities.list.map(({ about, says }) => `  ${about}: ${says}`)
    ]),
    ...failuresOf(outcomes),
    "",
    `Timelines: ${report}`
  ].join("\n")

const failuresOf = (outcomes: ReadonlyArray<Outcome>) =>
  outcomes.flatMap(({ results, title }) =>
    Lane.sides.flatMap((side) => {
      const [first] = results[side].failures
      return first === undefined
        ? []
        : ["", `${title}, ${LiveTable.titles[side]}: ${results[side].failures.length} calls failed, such as: ${first}`]
    })
  )

/** Exits with 1 unless Sluice did all of its work without one refusal. */
const verdict = (outcomes: ReadonlyArray<Outcome>) => {
  const bad = outcomes.filter(({ results: { sluice } }) => sluice.refusals > 0 || sluice.done < sluice.calls)
  return bad.length === 0
    ? Effect.void
    : Catalogue.fail(
        bad
          .map(
            ({ results: { sluice }, title }) =>
              `Through Sluice, ${title} refused ${sluice.refusals} requests, and ${sluice.done} of ${sluice.calls} calls were done.`
          )
          .join("\n")
      )
}

/** The results as data. */
export const documentOf = (outcomes: ReadonlyArray<Outcome>) => ({
  isNeverRefused: outcomes.every(({ results }) => results.sluice.refusals === 0),
  providers: outcomes.map(({ call, id, peculiarities, results, says, speed }) => ({
    id,
    speed,
    call,
    sampleSays: says,
    sluice: numbersOf(results.sluice),
    sample: numbersOf(results.sample),
    provoked: peculiarities.provoked,
    peculiarities: peculiarities.list
  }))
})

const numbersOf = ({
  best,
  calls,
  done,
  elapsedMillis,
  failures,
  machineMillis,
  refusals,
  requests,
  share,
  wasted
}: Lane.Result) => ({
  calls,
  done,
  requests,
  refusals,
  wasted,
  elapsedMillis,
  machineMillis: Math.round(machineMillis),
  bestMillis: best.millis,
  share,
  failures
})
