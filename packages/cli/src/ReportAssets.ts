/** The report's own style and script. */

export const style = `
:root { --ink: #1c2430; --soft: #5b6675; --paper: #fbfbf9; --line: #d9dcd6; --sluice: #0b7285; --sample: #c2570c; --bad: #c92a2a; --best: #868e96 }
@media (prefers-color-scheme: dark) {
  :root { --ink: #e6e8ea; --soft: #9aa4b0; --paper: #14181d; --line: #2c333b; --sluice: #3bc9db; --sample: #ffa94d; --bad: #ff6b6b; --best: #868e96 }
}
body { margin: 0; background: var(--paper); color: var(--ink); font: 16px/1.5 system-ui, sans-serif }
main { max-width: 60rem; margin: 0 auto; padding: 1rem }
h1 { font-size: 1.6rem } h2 { margin: 2.5rem 0 0; font-size: 1.25rem } h3 { margin: 1.5rem 0 .25rem; font-size: 1rem }
small { color: var(--soft); font-weight: normal; font-size: .9rem }
section { border-top: 1px solid var(--line) }
code { overflow-wrap: anywhere }
.wide { overflow-x: auto }
table { border-collapse: collapse; font-variant-numeric: tabular-nums }
th, td { padding: .25rem .75rem .25rem 0; text-align: right; white-space: nowrap }
tbody th { text-align: left }
tr.sluice th { color: var(--sluice) } tr.sample th { color: var(--sample) }
dt { color: var(--soft); font-size: .9rem } dd { margin: 0 0 .75rem; overflow-wrap: anywhere }
.plot { width: 100%; min-height: 240px }
.u-legend { font-size: .85rem }
`

export const script = `
const data = JSON.parse(document.getElementById("data").textContent)
const dark = matchMedia("(prefers-color-scheme: dark)")
const plots = []
const color = (name) => getComputedStyle(document.documentElement).getPropertyValue("--" + name).trim()
const fill = (name) => color(name) + "33"
const time = (s) => s >= 7200 ? +(s / 3600).toFixed(2) + " h" : s >= 120 ? +(s / 60).toFixed(2) + " min" : +s.toFixed(2) + " s"
const steps = uPlot.paths.stepped({ align: 1 })
const series = {
  requests: (bucket) => [
    { label: "Sluice, per " + bucket, stroke: color("sluice"), fill: fill("sluice"), paths: steps, points: { show: false } },
    { label: "sample", stroke: color("sample"), fill: fill("sample"), paths: steps, points: { show: false } },
    { label: "Sluice refused", stroke: color("bad"), paths: () => null, points: { show: true, size: 9, fill: color("bad") } },
    { label: "sample refused", stroke: color("bad"), paths: () => null, points: { show: true, size: 5 } }
  ],
  done: () => [
    { label: "best possible", stroke: color("best"), dash: [4, 4], paths: steps, points: { show: false } },
    { label: "Sluice", stroke: color("sluice"), width: 2, paths: steps, points: { show: false } },
    { label: "sample", stroke: color("sample"), width: 2, paths: steps, points: { show: false } }
  ]
}
const draw = () => {
  for (const plot of plots.splice(0)) plot.destroy()
  for (const element of document.querySelectorAll(".plot")) {
    const provider = data.find((one) => one.id === element.dataset.provider)
    const kind = element.dataset.plot
    const axis = { stroke: color("soft"), grid: { stroke: color("line"), width: 1 }, ticks: { stroke: color("line"), width: 1 } }
    plots.push(new uPlot({
      width: element.clientWidth,
      height: 240,
      scales: { x: { time: false }, y: { range: (self, min, max) => [0, Math.max(1, max * 1.05)] } },
      axes: [{ ...axis, values: (self, ticks) => ticks.map(time) }, axis],
      series: [{ label: "after", value: (self, value) => value == null ? "" : time(value) }, ...series[kind](provider.bucket)]
    }, provider[kind], element))
  }
}
draw()
dark.addEventListener("change", draw)
let pending
addEventListener("resize", () => { clearTimeout(pending); pending = setTimeout(draw, 100) })
`
