/** What the page has beyond the style of the demo's: rows by peer, and a plot of many lines. */

export const ownStyle = `
main { max-width: 72rem }
tbody tr:first-child th { color: var(--sluice) }
td { font-size: .9rem }
`

export const script = `
const data = JSON.parse(document.getElementById("data").textContent)
const plots = []
const color = (name) => getComputedStyle(document.documentElement).getPropertyValue("--" + name).trim()
const hue = (index, count) => "hsl(" + Math.round(20 + (330 * index) / count) + " 65% 50%)"
const steps = uPlot.paths.stepped({ align: 1 })
const lineOf = (title, index, all) => {
  const line = { label: title, paths: steps, points: { show: false } }
  if (index === 0) return { ...line, stroke: color("best"), dash: [4, 4] }
  return index === 1 ? { ...line, stroke: color("sluice"), width: 3 } : { ...line, stroke: hue(index, all.length) }
}
const draw = () => {
  for (const plot of plots.splice(0)) plot.destroy()
  for (const element of document.querySelectorAll(".plot")) {
    const found = data.find((one) => one.id === element.dataset.plot)
    const axis = { stroke: color("soft"), grid: { stroke: color("line"), width: 1 }, ticks: { stroke: color("line"), width: 1 } }
    plots.push(new uPlot({
      width: element.clientWidth,
      height: 320,
      scales: { x: { time: false }, y: { range: (self, min, max) => [0, Math.max(1, max * 1.05)] } },
      axes: [{ ...axis, values: (self, ticks) => ticks.map((s) => +s.toFixed(2) + " s") }, axis],
      series: [{ label: "after", value: (self, s) => s == null ? "" : s.toFixed(2) + " s" }, ...found.titles.map(lineOf)]
    }, found.columns, element))
  }
}
draw()
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", draw)
let pending
addEventListener("resize", () => { clearTimeout(pending); pending = setTimeout(draw, 100) })
`
