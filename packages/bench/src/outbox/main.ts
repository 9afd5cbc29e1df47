/** `npm run bench:outbox`: what storing, sending and looking cost, with few tickets waiting and with a hundred thousand. */
import { NodeRuntime, NodeServices } from "@effect/platform-node"
import { Console, Effect, Option } from "effect"
import { Command, Flag } from "effect/cli"
import * as Document from "../Document.ts"
import * as Flags from "../Flags.ts"
import * as Machine from "../Machine.ts"
import * as Table from "../Table.ts"
import * as Measures from "./Measures.ts"
import * as Page from "./Page.ts"
import * as Stores from "./Stores.ts"
import * as Tables from "./Tables.ts"

const url = (name: string, example: string) =>
  Flag.String(name).pipe(Flag.withDescription(`a server of your own, such as ${example}`), Flag.optional)

const bench = Command.make(
  "bench:outbox",
  {
    postgres: url("postgres", "postgres://postgres@127.0.0.1/postgres"),
    redis: url("redis", "redis://127.0.0.1:6379"),
    calls: Flag.Int("calls").pipe(
      Flag.withDescription("that are stored and sent, to be counted by the second"),
      Flag.withDefault(1000)
    ),
    isJson: Flags.isJson,
    docs: Flags.on("docs", `write docs/${Page.file}`)
  },
  Effect.fnUntraced(function* ({ calls, docs, isJson, postgres, redis }) {
    const say = (line: string) => (isJson ? Effect.void : Console.log(line))
    const given = Option.toArray(Option.map(postgres, Stores.postgres)).concat(
      Option.toArray(Option.map(redis, Stores.redis))
    )
    const stores = [yield* Stores.sqlite, ...(yield* Effect.all(given))]
    const machine = Machine.read(["effect"], Object.fromEntries(stores.map(({ name, version }) => [name, version])))
    const rows = yield* Effect.forEach(stores, (store) =>
      Effect.gen(function* () {
        const throughput = yield* Effect.scoped(Measures.throughput(store, calls))
        yield* say(`${store.name}: ${throughput.both} calls a second`)
        const times = yield* Effect.forEach([100, 10_000, 100_000], (waiting) =>
          Effect.tap(Effect.scoped(Measures.times(store, waiting)), () => say(`  with ${waiting} waiting`))
        )
        return { store: store.name, throughput, times }
      })
    )
    const leftOut = ["PostgreSQL", "Redis"].filter((name) => !stores.some((store) => store.name === name))
    const report = { machine, calls, rows, leftOut }
    if (isJson) yield* Console.log(JSON.stringify(report, null, 2))
    for (const table of Tables.tables(report)) yield* say(["", ...Table.text(table)].join("\n"))
    for (const name of leftOut)
      yield* say(`\nleft out: ${name}, as --${name.toLowerCase().replace("sql", "")} does not say where it is`)
    if (docs) yield* Document.writePage(Page.file, Page.markdown(report))
  }, Effect.scoped)
).pipe(Command.withDescription("Measures what storing, sending and looking cost, however many tickets wait."))

Command.run(bench, { version: "0.0.0" }).pipe(Effect.provide(NodeServices.layer), NodeRuntime.runMain)
