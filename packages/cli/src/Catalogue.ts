/** The providers, found in the folder of their package and never listed by hand. */
import { existsSync, readdirSync } from "node:fs"
import { dirname, join } from "node:path"
import { fileURLToPath } from "node:url"
import type { AdmissionError } from "@sluice/core/AdmissionError"
import type { Provider } from "@sluice/core/Provider"
import type { RateLimited } from "@sluice/core/RateLimited"
import type { RateLimiter } from "@sluice/core/RateLimiter"
import type { Simulation } from "@sluice/core/Simulation"
import { Effect, Predicate, type Redacted } from "effect"
import { CliError } from "effect/cli"
import type { HttpClient, HttpClientError } from "effect/http"

/** A client of some provider. */
export type Client = HttpClient.HttpClient.With<HttpClientError.HttpClientError | AdmissionError | RateLimited>

/** What the namespace of every provider has. */
export interface ProviderModule {
  readonly provider: Provider<RateLimited>
  readonly make: (options: {
    readonly apiKey: Redacted.Redacted
    readonly baseUrl: string
    readonly retry?: "none"
  }) => Effect.Effect<Client, never, HttpClient.HttpClient | RateLimiter>
}

/** A provider from both sides, and the name of its namespace. */
export interface Entry {
  readonly id: string
  readonly title: string
  readonly module: ProviderModule
  readonly simulation: Simulation
}

const folder = dirname(fileURLToPath(import.meta.resolve("@sluice/providers/package.json")))

/** The ids of all providers, in order. */
export const ids: Effect.Effect<ReadonlyArray<string>> = Effect.sync(() =>
  readdirSync(folder, { withFileTypes: true })
    .filter((entry) => entry.isDirectory() && existsSync(join(folder, entry.name, "simulation.ts")))
    .map(({ name }) => name)
    .toSorted()
)

/** The providers of these ids, all of them if there are none; fails for an id that is not one. */
export const load = Effect.fnUntraced(function* (wanted: ReadonlyArray<string>) {
  const known = yield* ids
  const unknown = wanted.find((id) => !known.includes(id))
  if (unknown !== undefined) {
    return yield* fail(`There is no provider ${JSON.stringify(unknown)}. The known ones are ${known.join(", ")}.`)
  }
  const chosen = wanted.length === 0 ? known : known.filter((id) => wanted.includes(id))
  return yield* Effect.forEach(chosen, loadOne)
})

/** A failure that the command line prints without a stack, and exits with 1. */
export const fail = (userMessage: string, cause: unknown = userMessage) =>
  Effect.fail(new CliError.UserError({ cause, userMessage }))

const loadOne = Effect.fnUntraced(function* (id: string) {
  const own = yield* Effect.promise((): Promise<Record<string, unknown>> => import(`@sluice/providers/${id}`))
  const sim = yield* Effect.promise(
    (): Promise<Record<string, unknown>> => import(`@sluice/providers/${id}/simulation`)
  )
  const found = Object.entries(own).find((entry): entry is [string, ProviderModule] => isProviderModule(entry[1]))
  const { simulation } = sim
  if (found === undefined) return yield* fail(`@sluice/providers/${id} exports no namespace with a provider and make.`)
  if (!isSimulation(simulation)) return yield* fail(`@sluice/providers/${id}/simulation exports no simulation.`)
  const [title, module] = found
  return { id, title, module, simulation } satisfies Entry
})

const isProviderModule = (value: unknown): value is ProviderModule =>
  Predicate.hasProperty(value, "make") &&
  Predicate.hasProperty(value, "provider") &&
  Predicate.hasProperty(value.provider, "classify")

const isSimulation = (value: unknown): value is Simulation =>
  Predicate.hasProperty(value, "meters") && Predicate.hasProperty(value, "routes")
