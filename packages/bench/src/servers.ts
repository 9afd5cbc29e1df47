/** `npm run bench:servers`: Sluice before limiters of servers that nobody here wrote, beside peers that are told the same. */
import { NodeRuntime, NodeServices } from "@effect/platform-node"
import * as Catalogue from "@sluice/cli/Catalogue"
import * as Lane from "@sluice/cli/Lane"
import * as LiveTable from "@sluice/cli/LiveTable"
import { Console, Effect, Option } from "effect"
import { Command } from "effect/cli"
import * as Bench from "./Bench.ts"
import * as Document from "./Document.ts"
import * as Flags from "./Flags.ts"
import * as Judge from "./judges/Judge.ts"
import * as Judges from "./judges/Judges.ts"
import * as Trial from "./judges/Trial.ts"
import * as Machine from "./Machine.ts"
import * as Network from "./Network.ts"
import { strict } from "./peers/PQueue.ts"
import { retryOnly } from "./peers/RetryOnly.ts"
import { reading, sluice } from "./peers/SluicePeer.ts"
import * as Progress from "./Progress.ts"
import * as Report from "./Report.ts"
import * as Selection from "./Selection.ts"
import type { ColumnName } from "./Table.ts"

const peers = [sluice, reading, strict, retryOnly]
const packages = ["effect", "p-queue", "express-rate-limit", "@fastify/rate-limit", "rate-limiter-flexible"]
const columns: ReadonlyArray<ColumnName> = ["refusals", "refused", "time", "share", "waitMedian", "wait95"]

const servers = Command.make(
  "servers",
  {
    only: Flags.only("servers, peers and networks, such as nginx,sluice,tail; by default all, in the first network"),
    repeats: Flags.repeats,
    isQuick: Flags.on("quick", "fewer calls, once"),
    isJson: Flags.isJson,
    docs: Flags.on("docs", "write docs/benchmarks-servers.md")
  },
  Effect.fnUntraced(function* ({ docs, isJson, isQuick, only, repeats }) {
    const names = [...Judges.judges, ...peers].map(({ id }) => id)
    const chosen = yield* Selection.among(only, [...names, ...Network.ids])
    const judges = yield* present(chosen(Judges.judges, ({ id }) => id))
    const plan = {
      policies: judges.map((judge) => Judge.load(judge, isQuick)),
      peers: chosen(peers, ({ id }) => id),
      networks: chosen<Network.Network>(Network.ids, (id) => id, ["uniform"]),
      isQuick,
      repeats: Option.getOrElse(repeats, () => (isQuick ? 1 : 3))
    }
    const machine = Machine.read(packages, yield* Judges.versions(judges))
    const style = LiveTable.styleOf(process.env, process.stdout.isTTY === true, isJson)
    const rows = yield* Effect.scoped(
      Effect.gen(function* () {
        const progress = yield* Progress.make(plan.policies, Bench.roundsOf(plan).length + 1, style)
        return yield* Bench.run(plan, progress, yield* Trial.lanes(judges))
      })
    ).pipe(Effect.catchTag("ServerFailed", (error) => Catalogue.fail(error.message, error)))
    if (rows.length === 0)
      return yield* Catalogue.fail("Nothing was measured: none of these peers suits any of these servers.")
    const result: Report.Report = { machine, repeats: plan.repeats, isQuick, rows, columns }
    yield* Console.log(isJson ? JSON.stringify(Report.json(result), null, 2) : ["", ...Report.text(result)].join("\n"))
    if (docs) yield* Document.write(result, Document.servers)
    yield* verdict(rows)
  })
).pipe(
  Command.withDescription(
    "Lets nginx, HAProxy and limiters on Node judge Sluice and its peers, over HTTP on 127.0.0.1."
  )
)

/** Those that can be asked here; says which cannot. */
const present = Effect.fnUntraced(function* (judges: ReadonlyArray<Judge.Judge>) {
  const found: Array<Judge.Judge> = []
  for (const judge of judges) {
    const why = Judges.missing(judge)
    if (why === undefined) found.push(judge)
    else if (Judges.isStrict()) return yield* Catalogue.fail(`${judge.title}: ${why}.`)
    else yield* Console.error(`${judge.title} is left out: ${why}.`)
  }
  return found
})

/** Exits with 1 unless Sluice did all of its work without one refusal. */
const verdict = (rows: ReadonlyArray<Bench.Row>) => {
  const bad = rows
    .filter(({ peer }) => peer.id === sluice.id || peer.id === reading.id)
    .filter(({ policy, summary }) => summary.refusals.max > 0 || summary.done.min < policy.calls)
  return bad.length === 0
    ? Effect.void
    : Catalogue.fail(
        bad
          .map(
            ({ peer, policy, summary }) =>
              `${policy.title}, ${peer.title}: up to ${summary.refusals.max} refusals, and at least ${summary.done.min} of ${policy.calls} calls done.`
          )
          .join("\n")
      )
}

Command.run(servers, { version: "0.0.0" }).pipe(
  Effect.provide([NodeServices.layer, Lane.httpClient]),
  NodeRuntime.runMain
)
