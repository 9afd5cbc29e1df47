/** Where and with what it was measured. */
import { readFileSync } from "node:fs"
import { cpus, loadavg, release, totalmem, type } from "node:os"

export interface Machine {
  readonly date: string
  readonly system: string
  readonly processor: string
  readonly node: string
  /** Before the first run: above one, others were at work too. */
  readonly load: number
  readonly versions: Readonly<Record<string, string>>
}

/** The packages that are compared. */
export const peers = ["effect", "p-queue", "bottleneck", "p-throttle", "limiter"]

/** `packages` are dependencies of ours whose versions matter, `programs` other things and theirs. */
export const read = (packages: ReadonlyArray<string>, programs: Readonly<Record<string, string>> = {}): Machine => {
  const own = JSON.parse(readFileSync(new URL("../package.json", import.meta.url), "utf8")) as {
    readonly dependencies: Readonly<Record<string, string>>
    readonly devDependencies: Readonly<Record<string, string>>
  }
  const processors = cpus()
  const version = (name: string) => own.dependencies[name] ?? own.devDependencies[name] ?? "unknown"
  return {
    date: new Date().toISOString().slice(0, 10),
    system: `${type()} ${release()}`,
    processor: `${processors.length} x ${processors[0]?.model.trim() ?? "unknown"}, ${Math.round(totalmem() / 2 ** 30)} GiB`,
    node: process.version,
    load: loadavg()[0] ?? 0,
    versions: {
      sluice: version("@sluice/core"),
      ...Object.fromEntries(packages.map((name) => [name, version(name)])),
      ...programs
    }
  }
}

export const says = ({ date, load, node, processor, system, versions }: Machine): string =>
  `${date}, ${processor}, ${system}, Node ${node}, load ${load.toFixed(2)}; ${Object.entries(versions)
    .map(([name, version]) => `${name} ${version}`)
    .join(", ")}`
