/** The benchmarks as one HTML file: the tables, and how the calls of each peer were done over time. */
import * as PlotPage from "@sluice/cli/PlotPage"
import { style } from "@sluice/cli/ReportAssets"
import * as Timeline from "@sluice/cli/Timeline"
import { Effect } from "effect"
import type { Row } from "./Bench.ts"
import * as Machine from "./Machine.ts"
import * as Notes from "./Notes.ts"
import { ownStyle, script } from "./PageAssets.ts"
import * as Report from "./Report.ts"
import * as Table from "./Table.ts"

/** The whole page as text. */
export const page = (report: Report.Report): Effect.Effect<string> =>
  Effect.map(PlotPage.library, (library) => html(report, library))

export const html = (report: Report.Report, library: PlotPage.Library): string => {
  const networks = Report.networksOf(report.rows)
  return PlotPage.html(
    {
      title: "Sluice and its peers",
      body: `<h1>Sluice and its peers</h1>
<p>${PlotPage.escape(Machine.says(report.machine))}</p>
${networks.map(network).join("\n")}`,
      data: networks.flatMap(({ rows }) => Table.groups(rows).map(plotOf)),
      style: style + ownStyle,
      script
    },
    library
  )
}

const network = ({ rows, title }: ReturnType<typeof Report.networksOf>[number]) => `<section>
<h2>${PlotPage.escape(title)}</h2>
${tableOf(Table.overview(rows))}
${Table.groups(rows).map(policy).join("\n")}
</section>`

const policy = (group: readonly [Row, ...ReadonlyArray<Row>]) => `<h3>${PlotPage.escape(Report.titleOf(group))}</h3>
${tableOf(Table.ofPolicy(group))}
<div class="plot" data-plot="${PlotPage.escape(idOf(group[0]))}"></div>
${Notes.ofRows(group)
  .map((note) => `<p>${PlotPage.escape(note)}</p>`)
  .join("\n")}`

const tableOf = ({ body, header }: Table.Table) => {
  const cells = (tag: "th" | "td", all: ReadonlyArray<string>) =>
    all.map((cell) => `<${tag}>${PlotPage.escape(cell)}</${tag}>`).join("")
  const rows = body.map(([first = "", ...rest]) => `<tr>${cells("th", [first])}${cells("td", rest)}</tr>`)
  return `<div class="wide"><table>
<thead><tr>${cells("th", header)}</tr></thead>
<tbody>${rows.join("\n")}</tbody>
</table></div>`
}

const idOf = ({ network, policy }: Row) => `${network} ${policy.id}`

/** The columns of a plot: seconds, and the calls done so far, of the best possible client and of each peer's median run. */
export const plotOf = (group: readonly [Row, ...ReadonlyArray<Row>]) => {
  const lines = group.flatMap((row) => {
    const run = row.runs.toSorted((left, right) => left.share - right.share)[Math.floor(row.runs.length / 2)]
    return run ? [{ title: row.peer.title, run }] : []
  })
  const spanMillis = Math.max(1, ...lines.map(({ run }) => run.millis))
  const grid = Timeline.edges(spanMillis, Math.max(1, spanMillis / 300))
  return {
    id: idOf(group[0]),
    titles: ["best possible", ...lines.map(({ title }) => title)],
    columns: [
      grid.map((millis) => Math.round(millis) / 1000),
      Timeline.soFar(lines[0]?.run.bestAfterMillis ?? [], grid),
      ...lines.map(({ run }) => Timeline.soFar(run.doneAfterMillis, grid))
    ]
  }
}
