/** A run as a page of `docs`: the figures with the machine, the versions and the day of the last one. */
import { fileURLToPath } from "node:url"
import * as Catalogue from "@sluice/cli/Catalogue"
import { Effect, FileSystem } from "effect"
import * as Machine from "./Machine.ts"
import { networksOf, notesOf, peersOf, type Report, repeatsOf, runsOf, titleOf } from "./Report.ts"
import * as Table from "./Table.ts"

export interface Document {
  /** Its name in `docs`. */
  readonly file: string
  readonly title: string
  readonly what: string
  /** The npm script that prints and writes it. */
  readonly script: string
  readonly explanation: ReadonlyArray<string>
}

export const peers: Document = {
  file: "benchmarks.md",
  title: "Benchmarks",
  what: "Sluice and its peers on the same work",
  script: "bench",
  explanation: [
    "Each provider is an exact server in a process of its own, over HTTP on loopback; each peer works in a process of its own, with",
    "the same `HttpClient` on undici, and all its calls are submitted at once, when its code is compiled. At x3 the provider's time",
    "passes three times faster than the machine's, at both ends: windows, `Date` and `Retry-After` agree. Latencies do not shrink with",
    "it, so that a fast policy is harder than in life. All times are the machine's. What was refused is repeated until it is done, after",
    "`Retry-After`, or else by exponential backoff from a second. Who has needed one and a half times the best time, and 1.5 s, is",
    "stopped. The repeats begin at phases that are spread evenly over a window.",
    "",
    "- **refused**: of all requests, by the server's count. **wasted**: requests that got no work done.",
    "- **share of best**: what a client that knows everything would need from a cold start for the calls that were done, of the time",
    "  that was needed. It is computed from the server's own counters, and each of its requests takes the shortest possible way.",
    "- **wait**: from the submission of a call to its answer. **processor**: of the peer's process, its HTTP client included.",
    "",
    "More: [what a call costs](benchmarks-micro.md), [servers that nobody here wrote](benchmarks-servers.md),",
    "[one key in Redis](benchmarks-redis.md)."
  ]
}

export const servers: Document = {
  file: "benchmarks-servers.md",
  title: "Benchmarks: servers that nobody here wrote",
  what: "nginx, HAProxy and limiters on Node judge Sluice and two peers, over HTTP on loopback",
  script: "bench:servers",
  explanation: [
    "Each is told the limit, as its setup says; one Sluice reads it from the answers instead, and begins with a guess. Latencies of 5 to",
    "50 ms each way lie between the client and the server. All calls are submitted at once, and what was refused is repeated.",
    "",
    "- **refused**: of all requests, by the answers.",
    "- **share of best**: what a client that knows everything would need from a cold start, of the time that was needed. A test compares",
    "  what the server refuses of three bursts with the counters from which the best time is computed."
  ]
}

export const markdown = (report: Report, { explanation, script, title, what }: Document): string => {
  const notes = notesOf(report)
  return [
    `# ${title}`,
    "",
    `${what}: \`npm run ${script}\` prints this again, \`npm run ${script} -- --docs\` writes this page.`,
    "",
    `Measured: ${Machine.says(report.machine)}.`,
    "",
    ...explanation,
    "",
    `${repeatsOf(report)}.`,
    ...networksOf(report.rows).flatMap(({ rows, title }) => [
      "",
      `## With ${title}, ${runsOf(rows)}`,
      "",
      ...Table.markdown(Table.overview(rows)),
      ...Table.groups(rows).flatMap((group) => [
        "",
        `### ${titleOf(group)}`,
        "",
        ...(group[0].policy.setup === undefined ? [] : [group[0].policy.setup, ""]),
        ...Table.markdown(Table.ofPolicy(group, report.columns))
      ])
    ]),
    ...(notes.length === 0 ? [] : ["", "## Where Sluice is not first", "", ...notes.map((note) => `- ${note}`)]),
    "",
    "## How each is set up",
    "",
    ...Table.markdown(
      { header: ["", "setup"], body: peersOf(report.rows).map(({ setup, title }) => [title, setup]) },
      "left"
    ),
    ""
  ].join("\n")
}

export const write = (report: Report, document: Document) => writePage(document.file, markdown(report, document))

/** A page of `docs`. */
export const writePage = (file: string, text: string) =>
  writeFile(fileURLToPath(new URL(`../../../docs/${file}`, import.meta.url)), text)

export const writeFile = Effect.fnUntraced(function* (path: string, text: string) {
  const files = yield* FileSystem.FileSystem
  yield* Effect.catch(files.writeFileString(path, text), (error) =>
    Catalogue.fail(`${path} cannot be written: ${error.message}`, error)
  )
})
