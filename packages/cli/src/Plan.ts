/** `sluice plan`: when work will be done, by a provider, a policy in a file, or what an address tells. */
import type { Simulation } from "@sluice/core/Simulation"
import * as Inspection from "@sluice/core/Inspection"
import * as Policy from "@sluice/core/Policy"
import { Planner } from "@sluice/planner"
import type * as Latency from "@sluice/simulator/Latency"
import { Console, type Duration, Effect, FileSystem, Option } from "effect"
import * as Catalogue from "./Catalogue.ts"
import * as InspectSource from "./InspectSource.ts"
import * as LiveTable from "./LiveTable.ts"
import * as OpenPage from "./OpenPage.ts"
import * as PlanPage from "./PlanPage.ts"
import * as PlanText from "./PlanText.ts"
import * as PlotPage from "./PlotPage.ts"
import * as Redraw from "./Redraw.ts"
import { printable } from "./TextTable.ts"

export interface Options {
  readonly provider: Option.Option<string>
  readonly policy: Option.Option<string>
  readonly fromUrl: Option.Option<string>
  /** Calls by class. */
  readonly work: Readonly<Record<string, string>>
  readonly workers: number
  readonly latency: Latency.Input
  readonly deadline: Option.Option<Duration.Duration>
  readonly share: number
  readonly seed: number
  readonly isQuick: boolean
  readonly isJson: boolean
  readonly page: Option.Option<string>
  readonly opens: boolean
}

/** What there is to plan with. */
interface Source {
  readonly name: string
  readonly subject: Planner.Subject
  readonly simulation: Simulation | undefined
}

export const run = Effect.fnUntraced(function* (options: Options) {
  const source = yield* sourceOf(options)
  const work = yield* workOf(options.work, source)
  const style = LiveTable.styleOf(process.env, process.stdout.isTTY === true, options.isJson)
  const progress = { done: 0, calls: 1 }
  const planning = Planner.plan(source.subject, work, {
    workers: options.workers,
    latency: options.latency,
    seed: options.seed,
    share: options.share,
    alternatives: !options.isQuick,
    ...(source.simulation && { simulation: source.simulation }),
    ...(Option.isSome(options.deadline) && { deadline: options.deadline.value }),
    onProgress: (now) => void Object.assign(progress, now)
  }).pipe(Effect.catch((error) => Catalogue.fail(error.message, error)))
  const found = yield* style.mode === "redraw"
    ? Effect.scoped(
        Effect.andThen(
          Redraw.every((columns) => [bar(progress, columns)]),
          planning
        )
      )
    : planning
  const plan = { ...found, provider: source.name }
  const page = Option.orElse(options.page, () => (options.opens ? Option.some("sluice-plan.html") : Option.none()))
  if (Option.isSome(page)) {
    const files = yield* FileSystem.FileSystem
    const html = PlanPage.html(plan, yield* PlotPage.library)
    yield* Effect.catch(files.writeFileString(page.value, html), (error) =>
      Catalogue.fail(`The page cannot be written to ${page.value}: ${error.message}`, error)
    )
  }
  yield* Console.log(options.isJson ? JSON.stringify(plan, null, 2) : PlanText.lines(plan, 60).join("\n"))
  if (Option.isSome(page)) {
    if (!options.isJson) yield* Console.log(`Page: ${page.value}`)
    if (options.opens) yield* OpenPage.open(page.value)
  }
})

const sourceOf = Effect.fnUntraced(function* ({ fromUrl, policy, provider }: Options) {
  const given = [provider, policy, fromUrl].filter(Option.isSome)
  if (given.length !== 1) {
    return yield* Catalogue.fail(
      `A plan takes one of a provider (${(yield* Catalogue.ids).join(", ")}), --policy and --from-url, but was given ${given.length}.`
    )
  }
  if (Option.isSome(provider)) {
    const [entry] = yield* Catalogue.load([provider.value])
    if (!entry) return yield* Catalogue.fail(`There is no provider ${provider.value}.`)
    const { id, module, simulation } = entry
    return { name: id, subject: module.provider, simulation } satisfies Source
  }
  const read = Option.isSome(policy)
    ? yield* readPolicy(policy.value)
    : yield* askPolicy(Option.getOrElse(fromUrl, () => ""))
  return { name: read.provider, subject: Policy.quotas(read), simulation: undefined } satisfies Source
})

const readPolicy = Effect.fnUntraced(function* (path: string) {
  const files = yield* FileSystem.FileSystem
  const text = yield* Effect.catch(files.readFileString(path), (error) =>
    Catalogue.fail(`The policy cannot be read from ${path}: ${error.message}`, error)
  )
  return yield* Effect.catch(Policy.fromText(text), (error) =>
    Catalogue.fail(`${path} is no policy.\n${error.message}`, error)
  )
})

/** Asks the address once, without a key, for the limits that its headers tell; what is told in part is no plan's. */
const askPolicy = Effect.fnUntraced(function* (target: string) {
  if (!/^https?:/i.test(target)) {
    return yield* Catalogue.fail(`${JSON.stringify(target)} is not an address such as https://api.example.com/items.`)
  }
  const asked = { target, method: "GET", headers: [], receivedAt: undefined } as const
  const response = yield* InspectSource.read(asked)
  const inspection = Inspection.of(response.headers, response)
  const { assumed, policy, refused } = Inspection.toPolicy(inspection, { provider: response.provider })
  const left = refused.map(({ limit, why }) => `${limit.quota ?? "a limit without a name"}: ${why}`)
  if (policy === undefined || left.length > 0) {
    const missing = left.length === 0 ? ["no limit with its window is told"] : left
    return yield* Catalogue.fail(
      [`${response.title} does not tell enough for a plan:`, ...missing, "Write the limits in a file for --policy."]
        .map(printable)
        .join("\n  ")
    )
  }
  for (const { quota, what } of assumed) yield* Console.error(printable(`Assumed: ${quota}: ${what}.`))
  return policy
})

const workOf = Effect.fnUntraced(function* (given: Options["work"], { simulation, subject }: Source) {
  const names = Planner.classes(subject, simulation ? { simulation } : {})
  const example = names[0] ?? "calls"
  if (Object.keys(given).length === 0) {
    return yield* Catalogue.fail(`A plan takes calls of ${names.join(", ")}: --${example} 1000, say.`)
  }
  const work: Record<string, number> = {}
  for (const [name, text] of Object.entries(given)) {
    if (!names.includes(name)) {
      return yield* Catalogue.fail(
        `There are no calls ${JSON.stringify(name)}. The known ones are ${names.join(", ")}.`
      )
    }
    const calls = /^\d{1,12}$/.test(text) ? Number(text) : NaN
    if (Number.isNaN(calls))
      return yield* Catalogue.fail(`--${name} takes a whole number of calls, but was given ${JSON.stringify(text)}.`)
    work[name] = calls
  }
  return work
})

const bar = ({ calls, done }: Planner.Progress, columns: number): string => {
  const width = Math.max(8, Math.min(50, columns - 30))
  const full = Math.min(width, Math.round((width * done) / Math.max(1, calls)))
  return `planning ${"█".repeat(full)}${"░".repeat(width - full)} ${done}/${calls}`
}
