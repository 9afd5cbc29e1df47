/** Every folder of a provider keeps to what all providers promise. */
import { readdirSync } from "node:fs"
import { assert, describe, it } from "@effect/vitest"
import type { Simulation } from "@sluice/core/Simulation"
import * as Conformance from "@sluice/simulator/conformance"
import * as Wires from "./support/Wires.ts"

const root = new URL("../", import.meta.url)
const folders = readdirSync(root, { withFileTypes: true })
  .filter((entry) => entry.isDirectory() && readdirSync(new URL(`${entry.name}/`, root)).includes("simulation.ts"))
  .map(({ name }) => name)

/** How many answers are made up for each provider: `FUZZ=100000 npm test` takes a minute more. */
const fuzz = Number(process.env["FUZZ"] ?? 10_000)

type Module = Pick<Conformance.Subject, "provider" | "make">

/** What a folder exports: its module under the provider's name, its simulation, and its literal refusals. */
const subjectOf = async (folder: string): Promise<Conformance.Subject> => {
  const index: Readonly<Record<string, Module>> = await import(`../${folder}/index.ts`)
  const { simulation }: { readonly simulation: Simulation } = await import(`../${folder}/simulation.ts`)
  const [module] = Object.values(index)
  assert.isDefined(module)
  const fixtures = new URL(`${folder}/fixtures/`, root)
  return {
    provider: module.provider,
    make: module.make,
    simulation,
    fuzz,
    refusals: readdirSync(fixtures).map((file) => Wires.fixture(new URL(file, fixtures)))
  }
}

for (const folder of folders) {
  const subject = await subjectOf(folder)
  describe(folder, () => {
    for (const { name, run } of Conformance.checks(subject)) it.effect(name, () => run, 120_000)
  })
}
