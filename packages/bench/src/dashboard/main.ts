/**
 * What a dashboard costs the limiter that it shows: the same load without one, and with one that somebody looks at, by turns.
 * Either way there is a server, and a client in a process of its own that listens to a stream.
 *
 *     npm run bench:dashboard
 *     npm run --silent bench:dashboard -- --json
 */
import { type ChildProcess, spawn } from "node:child_process"
import { once } from "node:events"
import { createServer } from "node:http"
import { fileURLToPath } from "node:url"
import { brotliCompressSync, gzipSync } from "node:zlib"
import { NodeHttpServer, NodeRuntime } from "@effect/platform-node"
import { RateLimiter } from "@sluice/core"
import { Dashboard } from "@sluice/dashboard"
import * as Live from "@sluice/page/Live"
import { Console, Effect, Layer, Stream } from "effect"
import { HttpRouter, HttpServer, HttpServerResponse } from "effect/http"
import * as Machine from "../Machine.ts"
import * as Load from "./Load.ts"

const pairs = process.argv.includes("--quick") ? 5 : 21
const millis = 2000

interface Seen {
  readonly bytes: number
  readonly events: number
}

/** A round with somebody connected in a process of its own, to whatever the routes show below `/limits`. */
const roundWith = (routes: Layer.Layer<never, never, HttpRouter.HttpRouter | RateLimiter.RateLimiter>) =>
  Effect.gen(function* () {
    const { address } = yield* HttpServer.HttpServer
    const url = `${HttpServer.formatAddress(address)}/limits`
    const page = yield* Effect.promise(async () => Buffer.from(await (await fetch(url)).arrayBuffer()))
    const client = yield* Effect.acquireRelease(connect(url), (client) => Effect.sync(() => client.kill("SIGKILL")))
    const round = yield* Load.run(millis)
    return { round, seen: yield* end(client), page }
  }).pipe(
    Effect.scoped,
    Effect.provide(
      HttpRouter.serve(routes, { disableLogger: true, disableListenLog: true }).pipe(
        Layer.provideMerge(NodeHttpServer.layer(createServer, { port: 0, host: "127.0.0.1" })),
        Layer.provideMerge(RateLimiter.layer)
      ),
      { local: true }
    )
  )

/** As much of a server and of a client, and a stream that says nothing. */
const without = roundWith(
  HttpRouter.addAll([
    HttpRouter.route("GET", "/limits", Effect.succeed(HttpServerResponse.text(""))),
    HttpRouter.route("GET", "/limits/changes", Live.response(Stream.never))
  ])
)
const watched = roundWith(Dashboard.routes())

const program = fileURLToPath(new URL("./client.ts", import.meta.url))

const connect = (url: string) =>
  Effect.promise(async () => {
    const client = spawn(process.execPath, [program, url], { stdio: ["ignore", "pipe", "inherit"] })
    await once(client.stdout, "data")
    return client
  })

const end = (client: ChildProcess) =>
  Effect.promise(async (): Promise<Seen> => {
    const said = client.stdout === null ? [] : once(client.stdout, "data")
    client.kill("SIGTERM")
    return JSON.parse(String((await said)[0])) as Seen
  })

const median = (numbers: ReadonlyArray<number>): number =>
  numbers.toSorted((a, b) => a - b)[Math.floor(numbers.length / 2)] ?? Number.NaN

/** Nanoseconds of the processor, not of the clock: other programs on the machine do not count. */
const nanosOf = ({ calls, processorMicros }: Load.Round) => (processorMicros * 1000) / calls

const measure = Effect.gen(function* () {
  const machine = Machine.read(["effect"])
  const rows: Array<{ readonly plain: Load.Round; readonly shown: Load.Round; readonly seen: Seen }> = []
  let page: Buffer<ArrayBufferLike> = Buffer.alloc(0)
  yield* without
  yield* watched
  for (let i = 0; i < pairs; i++) {
    // Neither is always the first: what the machine does otherwise comes and goes.
    const [plain, shown] =
      i % 2 === 0
        ? [yield* without, yield* watched]
        : yield* Effect.map(Effect.all([watched, without]), ([shown, plain]) => [plain, shown] as const)
    page = shown.page
    rows.push({ plain: plain.round, shown: shown.round, seen: shown.seen })
  }
  const plain = median(rows.map(({ plain }) => nanosOf(plain)))
  const shown = median(rows.map(({ shown }) => nanosOf(shown)))
  return {
    machine,
    pairs,
    nanosPerCall: { without: Math.round(plain), watched: Math.round(shown) },
    /** Of the quickest round of each: what others did on the machine only ever adds. */
    quickest: {
      without: Math.round(Math.min(...rows.map(({ plain }) => nanosOf(plain)))),
      watched: Math.round(Math.min(...rows.map(({ shown }) => nanosOf(shown))))
    },
    /** Of neighbours in time, so that the machine's own ups and downs fall out. */
    ratio: median(rows.map(({ plain, shown }) => nanosOf(shown) / nanosOf(plain))),
    ratios: rows.map(({ plain, shown }) => nanosOf(shown) / nanosOf(plain)),
    /** What the dashboard takes itself, as a share of one processor: all of it, if the limiter takes all of that. */
    ofProcessor: median(
      rows.map(({ plain, shown }) => ((nanosOf(shown) - nanosOf(plain)) * shown.calls) / (millis * 1e6))
    ),
    callsPerRound: median(rows.map(({ shown }) => shown.calls)),
    eventsPerRound: median(rows.map(({ shown }) => shown.turnedAway)),
    messagesPerRound: median(rows.map(({ seen }) => seen.events)),
    kilobytesPerRound: median(rows.map(({ seen }) => seen.bytes)) / 1000,
    pageKilobytes: {
      plain: page.length / 1000,
      gzip: gzipSync(page).length / 1000,
      brotli: brotliCompressSync(page).length / 1000
    }
  }
})

const percent = (ratio: number) => `${((ratio - 1) * 100).toFixed(1)} %`

const text = (report: Effect.Success<typeof measure>): string => {
  const { eventsPerRound, messagesPerRound, nanosPerCall, pageKilobytes, ratio, ratios } = report
  const sorted = ratios.toSorted((a, b) => a - b)
  const [low = ratio, high = ratio] = [
    sorted[Math.floor(sorted.length / 4)],
    sorted[Math.floor((sorted.length * 3) / 4)]
  ]
  return [
    Machine.says(report.machine),
    `${report.pairs} pairs of rounds of ${millis} ms; processor time a call, medians`,
    "",
    `without a dashboard      ${nanosPerCall.without} ns a call`,
    `with one that is watched ${nanosPerCall.watched} ns a call`,
    `slower by                ${percent(ratio)} (median of the pairs; half of them lie between ${percent(low)} and ${percent(high)})`,
    `quickest round           ${report.quickest.without} ns without, ${report.quickest.watched} ns watched: ${percent(report.quickest.watched / report.quickest.without)}`,
    `of a processor, that is  ${(report.ofProcessor * 100).toFixed(1)} % (where others take some of it, the share of what is left is larger)`,
    `a round                  ${Math.round(report.callsPerRound)} calls, ${eventsPerRound} events, ${messagesPerRound} messages of ${report.kilobytesPerRound.toFixed(1)} kB in all`,
    `the page                 ${pageKilobytes.plain.toFixed(1)} kB, ${pageKilobytes.gzip.toFixed(1)} gzip, ${pageKilobytes.brotli.toFixed(1)} brotli`
  ].join("\n")
}

measure.pipe(
  Effect.flatMap((report) => Console.log(process.argv.includes("--json") ? JSON.stringify(report) : text(report))),
  NodeRuntime.runMain
)
