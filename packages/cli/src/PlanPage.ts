/** A plan as a page: one HTML file with everything in it, plotted by uPlot. */
import type { Plan } from "@sluice/planner/Plan"
import { span } from "./LiveTable.ts"
import * as PlotPage from "./PlotPage.ts"
import { escape } from "./PlotPage.ts"
import * as PlanText from "./PlanText.ts"
import { style } from "./ReportAssets.ts"

export const html = (plan: Plan, library: PlotPage.Library): string =>
  PlotPage.html(
    {
      title: `Sluice plan${plan.provider === "" ? "" : `: ${plan.provider}`}`,
      body: `<h1>Done after ${escape(span(plan.doneAfterMillis))}</h1>
<p>${plan.calls} calls${plan.provider === "" ? "" : ` to ${escape(plan.provider)}`}, none refused. ${escape(plan.latencyMillis.before)} there, ${escape(plan.latencyMillis.after)} back.</p>
<section><h2>Classes</h2>
<div class="wide"><table>
<thead><tr><th></th><th>calls</th><th>workers</th><th>done after</th>${plan.deadlineMillis === undefined ? "" : "<th>by the deadline</th>"}<th>held back by</th></tr></thead>
<tbody>${plan.classes.map((one) => row(one, plan)).join("")}</tbody>
</table></div>
<h3>Calls done, of all of each class</h3><div class="plot" id="done"></div>
<h3>Held back by a quota, part of the time</h3><div class="plot" id="held"></div>
</section>
<section><h2>Quotas</h2><div class="wide"><table>
<thead><tr><th></th><th>limit</th><th>units</th><th>used</th></tr></thead>
<tbody>${plan.quotas.map((quota) => `<tr><th>${escape(quota.name)}</th><td>${quota.limit}${quota.windowMillis === 0 ? " at a time" : ` in ${escape(span(quota.windowMillis))}`}</td><td>${quota.units}</td><td>${(quota.utilisation * 100).toFixed(1)} %</td></tr>`).join("")}</tbody>
</table></div></section>
<section><h2>What more would buy</h2>
${plan.alternatives.length === 0 ? "<p>Nothing was tried.</p>" : `<ul>${plan.alternatives.map((one) => `<li>${escape(PlanText.alternative(one, plan))}</li>`).join("")}</ul>`}
</section>`,
      data: dataOf(plan),
      style,
      script
    },
    library
  )

const row = (one: Plan["classes"][number], plan: Plan) =>
  `<tr><th>${escape(one.name)}</th><td>${one.calls}</td><td>${one.workers}</td><td>${escape(span(one.doneAfterMillis))}</td>${
    plan.deadlineMillis === undefined ? "" : `<td>${one.doneByDeadline ?? 0}</td>`
  }<td>${escape(PlanText.heldBy(one))}</td></tr>`

/** Columns of both plots, times in seconds. */
export const dataOf = (plan: Plan) => {
  const edges = (plan.classes[0]?.done ?? []).map(
    (_, i) => Math.min(plan.doneAfterMillis, (i + 1) * plan.bucketMillis) / 1000
  )
  const held = plan.classes.flatMap(({ bound, name }) =>
    [...new Set(bound.flatMap(({ quota }) => quota ?? []))].map((quota) => ({
      label: `${name} by ${quota}`,
      values: edges.map((end) => {
        const at = end * 1000 - plan.bucketMillis / 2
        const found = bound.find(({ fromMillis, toMillis }) => at >= fromMillis && at < toMillis)
        return found === undefined ? null : found.quota === quota ? found.share : 0
      })
    }))
  )
  return {
    deadline: plan.deadlineMillis === undefined ? null : plan.deadlineMillis / 1000,
    done: {
      labels: plan.classes.map(({ name }) => name),
      columns: [
        [0, ...edges],
        ...plan.classes.map(({ calls, done }) => [0, ...done.map((count) => count / Math.max(1, calls))])
      ]
    },
    held: { labels: held.map(({ label }) => label), columns: [edges, ...held.map(({ values }) => values)] }
  }
}

const script = `
const data = JSON.parse(document.getElementById("data").textContent)
const color = (name) => getComputedStyle(document.documentElement).getPropertyValue("--" + name).trim()
const time = (s) => s >= 7200 ? +(s / 3600).toFixed(2) + " h" : s >= 120 ? +(s / 60).toFixed(2) + " min" : +s.toFixed(2) + " s"
const inks = ["sluice", "sample", "bad", "best"]
const plots = []
const draw = () => {
  for (const plot of plots.splice(0)) plot.destroy()
  for (const id of ["done", "held"]) {
    const element = document.getElementById(id)
    const { columns, labels } = data[id]
    if (labels.length === 0) { element.textContent = "Nothing was."; continue }
    const axis = { stroke: color("soft"), grid: { stroke: color("line"), width: 1 }, ticks: { stroke: color("line"), width: 1 } }
    plots.push(new uPlot({
      width: element.clientWidth,
      height: 240,
      scales: { x: { time: false }, y: { range: () => [0, 1.02] } },
      axes: [{ ...axis, values: (self, ticks) => ticks.map(time) }, { ...axis, values: (self, ticks) => ticks.map((tick) => Math.round(tick * 100) + " %") }],
      series: [
        { label: "after", value: (self, value) => value == null ? "" : time(value) },
        ...labels.map((label, index) => ({
          label, width: 2, stroke: color(inks[index % inks.length]), points: { show: false },
          value: (self, value) => value == null ? "" : (value * 100).toFixed(1) + " %"
        }))
      ],
      hooks: { draw: [(plot) => {
        if (data.deadline === null) return
        const x = plot.valToPos(data.deadline, "x", true)
        plot.ctx.fillStyle = color("bad")
        plot.ctx.fillRect(x, plot.bbox.top, 2, plot.bbox.height)
      }] }
    }, columns, element))
  }
}
draw()
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", draw)
let pending
addEventListener("resize", () => { clearTimeout(pending); pending = setTimeout(draw, 100) })
`
