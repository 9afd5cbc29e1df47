/** The last ten minutes of the chosen quota: slots, who waited, what was refused. */
import { createEffect, createSignal, type JSX, onCleanup } from "solid-js"
import type { History } from "../../src/Limits.ts"
import { number } from "../words.ts"
import { type Line, Plot } from "./Plot.tsx"

const slots: ReadonlyArray<Line> = [
  { label: "others", color: "--foreign", isFilled: true },
  { label: "cooling", color: "--cooling", isFilled: true },
  { label: "held", color: "--held", isFilled: true },
  { label: "limit in force", color: "--soft", isDashed: true }
]
const waiting: ReadonlyArray<Line> = [{ label: "calls", color: "--waits", isFilled: true }]
const refused: ReadonlyArray<Line> = [
  { label: "turned away", color: "--waits" },
  { label: "refused", color: "--bad", isFilled: true }
]

const kept = 600
type Columns = { readonly [K in keyof History]: ReadonlyArray<number> }
const nothing: Columns = {
  at: [],
  held: [],
  cooling: [],
  foreign: [],
  limit: [],
  waiting: [],
  refused: [],
  turnedAway: []
}

export const Minutes = (props: {
  readonly at: string
  readonly quota: string
  readonly title: string
}): JSX.Element => {
  const [history, setHistory] = createSignal(nothing)

  createEffect(() => {
    const { at, quota } = props
    let known = nothing
    let isOver = false
    const ask = async () => {
      if (document.hidden && known !== nothing) return
      const last = known.at.at(-1)
      const question = new URLSearchParams({ quota, ...(last !== undefined && { after: String(last) }) })
      const response = await fetch(`${at}/history?${question}`).catch(() => undefined)
      if (isOver || !response?.ok) return
      const more = (await response.json()) as History
      if (isOver || (more.at.length === 0 && known !== nothing)) return
      known = joined(known, more)
      setHistory(known)
    }
    setHistory(nothing)
    void ask()
    const timer = setInterval(() => void ask(), 1000)
    onCleanup(() => {
      isOver = true
      clearInterval(timer)
    })
  })

  const seconds = () => history().at.map((millis) => millis / 1000)
  // Stacked: each line lies on those below it, and is painted before them.
  const used = () => history().held.map((held, i) => held + (history().cooling[i] ?? 0))
  const all = () => used().map((units, i) => units + (history().foreign[i] ?? 0))
  const most = (values: ReadonlyArray<number>) => number(Math.max(0, ...values))
  const sum = (values: ReadonlyArray<number>) => number(values.reduce((total, value) => total + value, 0))
  return (
    <section aria-label={`The last ten minutes of ${props.title}`} class="minutes">
      <h2>
        {props.title} <small>the last ten minutes</small>
      </h2>
      <div class="plots">
        <Plot
          id="slots"
          title="Slots"
          lines={slots}
          data={[seconds(), all(), used(), history().held, history().limit]}
          says={`In the last ten minutes at most ${most(all())} units were in use at once, and at most ${most(history().held)} held; now ${number(all().at(-1) ?? 0)} of ${number(history().limit.at(-1) ?? 0)}.`}
        />
        <Plot
          id="waiting"
          title="Waiting"
          lines={waiting}
          data={[seconds(), history().waiting]}
          says={`In the last ten minutes at most ${most(history().waiting)} calls waited at once; now ${number(history().waiting.at(-1) ?? 0)}.`}
        />
        <Plot
          id="refusals"
          title="Not let through"
          lines={refused}
          data={[seconds(), history().turnedAway, history().refused]}
          says={`In the last ten minutes ${sum(history().refused)} calls were refused by the provider and ${sum(history().turnedAway)} turned away.`}
        />
      </div>
    </section>
  )
}

const joined = (before: Columns, more: Columns): Columns => {
  const join = (name: keyof History) => [...before[name], ...more[name]].slice(-kept)
  return {
    at: join("at"),
    held: join("held"),
    cooling: join("cooling"),
    foreign: join("foreign"),
    limit: join("limit"),
    waiting: join("waiting"),
    refused: join("refused"),
    turnedAway: join("turnedAway")
  }
}
