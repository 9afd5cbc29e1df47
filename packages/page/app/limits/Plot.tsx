/** One plot by uPlot, in the colours of the page, which says in words what it shows. */
import { createEffect, createSignal, type JSX, onCleanup, onMount } from "solid-js"
import uPlot from "uplot"
import { isDark } from "../Theme.tsx"

export interface Line {
  readonly label: string
  /** A colour of the style, such as `--held`. */
  readonly color: string
  readonly isFilled?: boolean
  readonly isDashed?: boolean
}

const height = 132

export const Plot = (props: {
  readonly id: string
  readonly title: string
  readonly says: string
  /** Seconds, then the values of each line. */
  readonly data: ReadonlyArray<ReadonlyArray<number>>
  readonly lines: ReadonlyArray<Line>
}): JSX.Element => {
  const [place, setPlace] = createSignal<HTMLElement>()
  const color = (name: string) => getComputedStyle(document.documentElement).getPropertyValue(name)

  /** What is filled is filled down to the next line that is, and the last one to the ground. */
  const isAbove = (i: number) => props.lines[i]?.isFilled === true && props.lines[i + 1]?.isFilled === true

  onMount(() => {
    const within = place()
    if (within === undefined) return
    const axis = {
      stroke: () => color("--soft"),
      grid: { stroke: () => color("--line"), width: 1 },
      ticks: { show: false },
      font: "11px system-ui, sans-serif"
    }
    const plot = new uPlot(
      {
        width: within.clientWidth,
        height,
        legend: { show: false },
        cursor: { show: false },
        padding: [8, 4, 0, 0],
        scales: {
          x: { time: true, range: () => windowOf(props.data[0] ?? []) },
          y: { range: (_plot, _min, max) => [0, Math.max(1, Number.isFinite(max) ? max * 1.08 : 1)] }
        },
        axes: [
          { ...axis, size: 22, space: 50, incrs: [60, 120, 300], values: (_plot, splits) => splits.map(minute) },
          {
            ...axis,
            size: 38,
            space: 34,
            incrs: [1, 2, 5, 10, 20, 50, 100, 200, 500, 1e3, 2e3, 5e3, 1e4, 1e5, 1e6, 1e7]
          }
        ],
        bands: props.lines.flatMap(({ color: name }, i) =>
          isAbove(i) ? [{ series: [i + 1, i + 2] as uPlot.Band.Bounds, fill: () => faint(color(name)) }] : []
        ),
        series: [
          {},
          ...props.lines.map((line, i) => ({
            label: line.label,
            stroke: () => color(line.color),
            width: line.isDashed ? 1 : 1.5,
            ...(line.isFilled && !isAbove(i) && { fill: () => faint(color(line.color)) }),
            ...(line.isDashed && { dash: [4, 4] }),
            points: { show: false }
          }))
        ]
      },
      aligned(props.data),
      within
    )
    const resized = new ResizeObserver(() => {
      if (within.clientWidth > 0) plot.setSize({ width: within.clientWidth, height })
    })
    resized.observe(within)
    createEffect(() => plot.setData(aligned(props.data)))
    createEffect(() => {
      isDark()
      // The style has the new colours only after this.
      requestAnimationFrame(() => plot.redraw(false))
    })
    onCleanup(() => {
      resized.disconnect()
      plot.destroy()
    })
  })

  return (
    <figure id={props.id} data-points={props.data[0]?.length ?? 0}>
      <figcaption>
        <b>{props.title}</b>
        <span class="legend" aria-hidden="true">
          {props.lines.map((line) => (
            <span class={`key ${line.color.slice(2)}`}>{line.label}</span>
          ))}
        </span>
        <span class="unseen">{props.says}</span>
      </figcaption>
      <div ref={setPlace} class="plot" aria-hidden="true" title={props.says} />
    </figure>
  )
}

/** Ten minutes, or as long as something is known, but no less than two. */
const windowOf = (at: ReadonlyArray<number>): [number, number] => {
  const last = at.at(-1) ?? Date.now() / 1000
  return [Math.max(last - 600, Math.min(last - 120, at[0] ?? last)), last]
}

/** Registered colours are read as `rgb(...)`. */
const faint = (color: string) => color.replace("rgb(", "rgba(").replace(")", ", 0.3)")

const clock = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit", hourCycle: "h23" })
const minute = (seconds: number) => clock.format(seconds * 1000)

const aligned = (data: ReadonlyArray<ReadonlyArray<number>>): uPlot.AlignedData =>
  data.map((column) => [...column]) as unknown as uPlot.AlignedData
