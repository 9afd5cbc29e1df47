/** The report: one HTML file with everything in it, plotted by uPlot. */
import { Effect } from "effect"
import type { Outcome } from "./Demo.ts"
import { type Result, sides } from "./Lane.ts"
import * as LiveTable from "./LiveTable.ts"
import * as PlotPage from "./PlotPage.ts"
import { escape } from "./PlotPage.ts"
import { script, style } from "./ReportAssets.ts"
import * as Timeline from "./Timeline.ts"

/** The whole page as text. */
export const page = (outcomes: ReadonlyArray<Outcome>): Effect.Effect<string> =>
  Effect.map(PlotPage.library, (library) => html(outcomes, library))

/** The page, given the plotting library's own two files. */
export const html = (outcomes: ReadonlyArray<Outcome>, library: PlotPage.Library): string =>
  PlotPage.html(
    {
      title: `Sluice: ${outcomes.map(({ title }) => title).join(", ")}`,
      body: `<h1>The same work, twice</h1>
<p>Each provider's work, done through Sluice and as the provider's own page shows it, each against a simulator of its own.
Times are the provider's; a provider at x20 was simulated with windows and latencies that pass 20 times faster than life.
<em>Best</em> is what a client that knows everything would need for the calls that were done.</p>
${outcomes.map(section).join("\n")}`,
      data: outcomes.map(plotsOf),
      style,
      script
    },
    library
  )

const section = ({ call, id, peculiarities, results, says, speed, title }: Outcome) => `<section>
<h2>${escape(title)} <small>x${speed}, <code>${escape(call)}</code></small></h2>
<p>The page's sample: ${escape(says)}.</p>
<div class="wide"><table>
<thead><tr><th></th>${["calls", "refused", "wasted", "time", "best", "share"].map((head) => `<th>${head}</th>`).join("")}</tr></thead>
<tbody>${sides.map((side) => row(side, results[side])).join("")}</tbody>
</table></div>
<h3>Requests over time</h3>
<div class="plot" data-provider="${escape(id)}" data-plot="requests"></div>
<h3>Calls done</h3>
<div class="plot" data-provider="${escape(id)}" data-plot="done"></div>
<h3>Once each <small>(${peculiarities.provoked} refusals provoked on keys of their own, counted apart)</small></h3>
<dl>${peculiarities.list.map(({ about, says }) => `<dt>${escape(about)}</dt><dd>${escape(says)}</dd>`).join("")}</dl>
</section>`

const row = (side: (typeof sides)[number], result: Result) => {
  const cells = [
    result.done === result.calls ? String(result.calls) : `${result.done} of ${result.calls}`,
    String(result.refusals),
    String(result.wasted),
    LiveTable.span(result.elapsedMillis),
    LiveTable.span(result.best.doneAfterMillis[result.done - 1] ?? 0),
    `${(result.share * 100).toFixed(1)} %`
  ]
  return `<tr class="${side}"><th>${escape(LiveTable.titles[side])}</th>${cells.map((cell) => `<td>${escape(cell)}</td>`).join("")}</tr>`
}

/** The columns of both plots, times in seconds. */
export const plotsOf = ({ id, results }: Outcome) => {
  const spanMillis = Math.max(...sides.map((side) => results[side].elapsedMillis))
  const width = Timeline.bucketMillis(spanMillis, 120)
  const buckets = Timeline.edges(spanMillis, width)
  const fine = Timeline.edges(spanMillis, Math.max(1, spanMillis / 400))
  const counts = (instants: ReadonlyArray<number>) => Timeline.perBucket(instants, buckets, width)
  return {
    id,
    bucket: LiveTable.span(width),
    requests: [
      buckets.map(seconds),
      counts(results.sluice.countedAfterMillis),
      counts(results.sample.countedAfterMillis),
      marks(counts(results.sluice.refusedAfterMillis)),
      marks(counts(results.sample.refusedAfterMillis))
    ],
    done: [
      fine.map(seconds),
      Timeline.soFar(results.sluice.best.doneAfterMillis, fine),
      Timeline.soFar(results.sluice.doneAfterMillis, fine),
      Timeline.soFar(results.sample.doneAfterMillis, fine)
    ]
  }
}

/** Only what is there: no mark for none. */
const marks = (counts: ReadonlyArray<number>) => counts.map((count) => (count === 0 ? null : count))
const seconds = (millis: number) => Math.round(millis) / 1000
