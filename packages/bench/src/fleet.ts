/** `npm run bench:redis`: processes that share one key through Redis, by Sluice and by its peers. */
import { NodeRuntime, NodeServices } from "@effect/platform-node"
import * as LiveTable from "@sluice/cli/LiveTable"
import { Console, Effect, Option } from "effect"
import { Command } from "effect/cli"
import * as Document from "./Document.ts"
import * as Flags from "./Flags.ts"
import * as Fleet from "./fleet/Fleet.ts"
import * as Page from "./fleet/Page.ts"
import * as Peers from "./fleet/Peers.ts"
import * as Plan from "./fleet/Plan.ts"
import * as Redis from "./fleet/Redis.ts"
import * as Tables from "./fleet/Tables.ts"
import * as Machine from "./Machine.ts"
import * as Selection from "./Selection.ts"

const fleet = Command.make(
  "bench:redis",
  {
    only: Flags.only("measures and peers, such as saturation-100,sluice,effect; of what is not named, all"),
    repeats: Flags.repeatsOfOne,
    isQuick: Flags.on("quick", "two workers, and shorter"),
    isJson: Flags.isJson,
    docs: Flags.on("docs", `write docs/${Page.file}`)
  },
  Effect.fnUntraced(function* ({ docs, isJson, isQuick, only, repeats }) {
    const chosen = yield* Selection.among(only, [...Plan.ids, ...Peers.peers.map(({ id }) => id)])
    const measures = isQuick ? Plan.quick : Plan.full
    const plan = {
      measures: chosen(measures, ({ id }) => id, Plan.usual(measures, isQuick)),
      peers: chosen(Peers.peers, ({ id }) => id),
      repeats: Option.getOrElse(repeats, () => 1)
    }
    const style = LiveTable.styleOf(process.env, process.stdout.isTTY === true, isJson)
    const report = yield* Effect.scoped(
      Effect.gen(function* () {
        const redis = yield* Redis.start
        const machine = Machine.read(Peers.packages, { redis: redis.version })
        return { machine, repeats: plan.repeats, isQuick, rows: yield* Fleet.run(plan, redis, style) }
      })
    )
    yield* Console.log(isJson ? JSON.stringify(Tables.json(report), null, 2) : ["", ...Tables.text(report)].join("\n"))
    if (docs) yield* Document.writePage(Page.file, Page.markdown(report))
  })
).pipe(Command.withDescription("Lets several processes share one key through Redis, by Sluice and by its peers."))

Command.run(fleet, { version: "0.0.0" }).pipe(Effect.provide(NodeServices.layer), NodeRuntime.runMain)
