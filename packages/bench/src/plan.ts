/** How fast a plan is made: virtual requests a second one by one, and ten million of them with rounds passed over. */
import { NodeRuntime, NodeServices } from "@effect/platform-node"
import { Admission } from "@sluice/core/Admission"
import * as Claim from "@sluice/core/Claim"
import * as Quota from "@sluice/core/Quota"
import * as Signal from "@sluice/core/Signal"
import { Planner } from "@sluice/planner"
import { Attio } from "@sluice/providers/attio"
import { simulation as attio } from "@sluice/providers/attio/simulation"
import { SuiteOp } from "@sluice/providers/suiteop"
import { simulation as suiteop } from "@sluice/providers/suiteop/simulation"
import { Console, Effect } from "effect"
import { Command, Flag } from "effect/cli"
import * as Document from "./Document.ts"
import * as Machine from "./Machine.ts"

const rounds = 9
const each = 100_000
const many = 10_000_000
const options = { workers: 20, latency: "80 millis", alternatives: false } as const
const reads = { reads: Quota.rolling(100, "1 second", { name: "reads" }) }

interface Subject {
  readonly name: string
  readonly plan: (
    calls: number,
    skips: boolean
  ) => Effect.Effect<{ readonly computed: { readonly simulated: number } }, unknown>
}

const subjects: ReadonlyArray<Subject> = [
  {
    name: "one rolling quota, 100 in a second",
    plan: (calls, skips) => Planner.plan(reads, { reads: calls }, { ...options, skips })
  },
  {
    name: "Attio: reads and writes by clock seconds",
    plan: (calls, skips) =>
      Planner.plan(
        Attio.provider,
        { reads: calls * 0.9, writes: calls * 0.1 },
        { ...options, skips, simulation: attio }
      )
  },
  {
    name: "SuiteOp: two windows, and headers that tell what remains",
    plan: (calls, skips) => Planner.plan(SuiteOp.provider, { calls }, { ...options, skips, simulation: suiteop })
  }
]

/** Admitting and settling alone, which a plan does for each request: the same work on any day. */
const decisions = () => {
  const admission = new Admission()
  const claim = Claim.of(reads.reads)
  const before = process.cpuUsage()
  for (let i = 0; i < each; i++) {
    const permit = admission.permit(claim)
    if (admission.admit(permit, i * 100)._tag !== "Admitted") throw new Error("there is room")
    admission.settle(permit, "answered", i * 100 + 40, Signal.none)
    admission.release(permit, i * 100 + 40, "read")
  }
  return (each * 1000) / cpuMillis(before)
}

/** Of the processor, whatever else it was busy with. */
const cpuMillis = (before: NodeJS.CpuUsage) => {
  const { system, user } = process.cpuUsage(before)
  return (system + user) / 1000
}

const median = (numbers: ReadonlyArray<number>) =>
  numbers.toSorted((a, b) => a - b)[Math.floor(numbers.length / 2)] ?? NaN

interface Row {
  readonly name: string
  readonly perSecond: number
  /** Of admissions alone a second, in the same round. */
  readonly ratio: number
  readonly manyMillis: number
  readonly simulated: number
}

const measure = (subject: Subject, isQuick: boolean) =>
  Effect.gen(function* () {
    const rates: Array<number> = []
    const ratios: Array<number> = []
    const calls = isQuick ? 2000 : each
    for (let round = -2; round < (isQuick ? 1 : rounds); round++) {
      const alone = decisions()
      const before = process.cpuUsage()
      yield* subject.plan(calls, false)
      const rate = (calls * 1000) / cpuMillis(before)
      if (round < 0) continue
      rates.push(rate)
      ratios.push(rate / alone)
    }
    const startedAt = performance.now()
    const { computed } = yield* subject.plan(isQuick ? 100_000 : many, true)
    const manyMillis = performance.now() - startedAt
    return {
      name: subject.name,
      perSecond: median(rates),
      ratio: median(ratios),
      manyMillis,
      simulated: computed.simulated
    } satisfies Row
  })

const cells = ({ manyMillis, name, perSecond, ratio, simulated }: Row) => [
  name,
  `${Math.round(perSecond / 1000)} 000`,
  ratio.toFixed(2),
  `${(manyMillis / 1000).toFixed(2)} s`,
  String(simulated)
]
const header = ["work", "requests a second", "of admissions alone", "10 000 000 requests", "gone through"]

const markdown = (machine: Machine.Machine, rows: ReadonlyArray<Row>) =>
  [
    "# Benchmarks: plans",
    "",
    "How fast a plan is made: `npm run bench:plan` prints this again, `npm run bench:plan -- --docs` writes this page.",
    "",
    `Measured: ${Machine.says(machine)}.`,
    "",
    `**requests a second**: of the processor's time, gone through one by one, the median of ${rounds} rounds of ${each}, by 20 workers a class and`,
    "with 80 ms a call. **of admissions alone**: the median ratio to how many admissions and settlements without anything else were",
    "done in a second, just before each round. **10 000 000 requests**: the time of one plan that passes over the rounds that come",
    "again; **gone through**: calls of it that were not passed over. What headers tell is written and read for each request.",
    "",
    `| ${header.join(" | ")} |`,
    `| --- | ---: | ---: | ---: | ---: |`,
    ...rows.map((row) => `| ${cells(row).join(" | ")} |`)
  ].join("\n") + "\n"

const bench = Command.make(
  "bench:plan",
  {
    docs: Flag.Boolean("docs").pipe(Flag.withDescription("write docs/benchmarks-plan.md"), Flag.withDefault(false)),
    isJson: Flag.Boolean("json").pipe(Flag.withDescription("print one JSON document"), Flag.withDefault(false)),
    isQuick: Flag.Boolean("quick").pipe(
      Flag.withDescription("so few calls that the figures say nothing: only shows that it runs"),
      Flag.withDefault(false)
    )
  },
  Effect.fnUntraced(function* ({ docs, isJson, isQuick }) {
    const machine = Machine.read(["effect"])
    const rows = yield* Effect.forEach(subjects, (subject) => measure(subject, isQuick))
    yield* Console.log(
      isJson
        ? JSON.stringify({ machine, rows })
        : [Machine.says(machine), ...[header, ...rows.map(cells)].map((line) => line.join("   "))].join("\n")
    )
    if (docs) yield* Document.writePage("benchmarks-plan.md", markdown(machine, rows))
  })
).pipe(Command.withDescription("Measures how fast plans are made."))

Command.run(bench, { version: "0.0.0" }).pipe(Effect.provide(NodeServices.layer), NodeRuntime.runMain)
