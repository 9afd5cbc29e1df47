/** `npm run bench`: Sluice and its peers on the same work. */
import { NodeRuntime, NodeServices } from "@effect/platform-node"
import * as LiveTable from "@sluice/cli/LiveTable"
import { Console, Effect, Option } from "effect"
import { Command, Flag } from "effect/cli"
import * as Bench from "./Bench.ts"
import * as Document from "./Document.ts"
import * as Flags from "./Flags.ts"
import * as Machine from "./Machine.ts"
import * as Page from "./Page.ts"
import * as Progress from "./Progress.ts"
import * as Report from "./Report.ts"
import * as Run from "./Run.ts"
import * as Selection from "./Selection.ts"

const bench = Command.make(
  "bench",
  {
    only: Flags.only("policies, peers and networks, such as attio,sluice,p-queue,tail; of what is not named, all"),
    repeats: Flags.repeats,
    isQuick: Flags.on("quick", "fewer calls, once, and only the first network unless one is named"),
    isJson: Flags.isJson,
    docs: Flags.on("docs", "write docs/benchmarks.md"),
    report: Flag.String("report").pipe(Flag.withDescription("where to write a page with plots"), Flag.optional)
  },
  Effect.fnUntraced(function* ({ docs, isJson, isQuick, only, repeats, report }) {
    const selection = yield* Selection.make(only, isQuick)
    const plan = { ...selection, isQuick, repeats: Option.getOrElse(repeats, () => (isQuick ? 1 : 3)) }
    const machine = Machine.read(Machine.peers)
    const style = LiveTable.styleOf(process.env, process.stdout.isTTY === true, isJson)
    const rows = yield* Effect.scoped(
      Effect.gen(function* () {
        const progress = yield* Progress.make(plan.policies, Bench.roundsOf(plan).length + 1, style)
        return yield* Bench.run(plan, progress, yield* Run.lanes(plan.policies))
      })
    )
    const result: Report.Report = { machine, repeats: plan.repeats, isQuick, rows }
    yield* Console.log(isJson ? JSON.stringify(Report.json(result), null, 2) : ["", ...Report.text(result)].join("\n"))
    if (docs) yield* Document.write(result, Document.peers)
    if (Option.isSome(report)) yield* Document.writeFile(report.value, yield* Page.page(result))
  })
).pipe(Command.withDescription("Does the same work through Sluice and through its peers, and compares."))

Command.run(bench, { version: "0.0.0" }).pipe(Effect.provide(NodeServices.layer), NodeRuntime.runMain)
