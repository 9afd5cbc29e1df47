/** How the limits stand: figures, the chosen quota's last minutes, all quotas, and what happened. */
import { createEffect, createMemo, createSignal, type JSX, Show } from "solid-js"
import type { View } from "../../src/Views.ts"
import { Frame, slashFocuses } from "../Frame.tsx"
import { number } from "../words.ts"
import { Happened } from "./Happened.tsx"
import { Minutes } from "./Minutes.tsx"
import { QuotaTable } from "./QuotaTable.tsx"
import { waitingOf } from "./sentences.ts"
import { source } from "./Source.ts"

const shows = ["all", "waiting", "paused", "in use"] as const

export const LimitsView = (props: {
  readonly here: View
  readonly views: ReadonlyArray<View>
  readonly at: string
}): JSX.Element => {
  const from = source(props.at)
  const asked = new URLSearchParams(location.search)
  const [search, setSearch] = createSignal(asked.get("search") ?? "")
  const [show, setShow] = createSignal(shows.find((one) => one === asked.get("show")) ?? "all")
  const [kind, setKind] = createSignal(asked.get("kind") ?? "")
  const [picked, pick] = createSignal(asked.get("quota") ?? undefined)
  const [input, setInput] = createSignal<HTMLInputElement>()
  slashFocuses(input)

  createEffect(() => {
    const all = { search: search(), show: show() === "all" ? "" : show(), kind: kind(), quota: picked() ?? "" }
    const question = new URLSearchParams(Object.entries(all).filter(([, value]) => value !== ""))
    history.replaceState(null, "", question.size > 0 ? `?${question}` : location.pathname)
  })

  const words = createMemo(() => search().toLowerCase().split(/\s+/).filter(Boolean))
  const has = (...texts: ReadonlyArray<string>) => {
    const text = texts.join("\n").toLowerCase()
    return words().every((word) => text.includes(word))
  }
  const keys = createMemo(() => {
    const chosen = show()
    return from.keys().filter((key) => {
      const quota = from.quota(key)
      if (quota === undefined || !has(quota.provider, quota.partition, quota.quota, quota.within)) return false
      if (chosen === "all") return true
      if (chosen === "waiting") return quota.waiting.length > 0
      return chosen === "paused" ? quota.closedUntil !== null : quota.held + quota.cooling > 0
    })
  })
  const chosen = () => {
    const one = picked()
    return one !== undefined && from.quota(one) !== undefined ? one : from.keys()[0]
  }
  const title = () => {
    const key = chosen()
    const quota = key === undefined ? undefined : from.quota(key)
    return quota === undefined
      ? "All quotas"
      : [quota.provider, quota.quota, quota.within].filter((word) => word !== "").join(" · ")
  }
  const sum = (of: (key: string) => number) => from.keys().reduce((total, key) => total + of(key), 0)
  const figures = createMemo(() => ({
    quotas: from.keys().length + from.limits.hidden,
    held: sum((key) => from.quota(key)?.held ?? 0),
    waiting: sum((key) => {
      const quota = from.quota(key)
      return quota === undefined ? 0 : waitingOf(quota)
    }),
    paused: sum((key) => ((from.quota(key)?.closedUntil ?? null) === null ? 0 : 1)),
    refusals: sum((key) => from.quota(key)?.refusals ?? 0)
  }))

  return (
    <Frame here={props.here} views={props.views} isLive={from.isLive()}>
      <h1 class="unseen">Limits</h1>
      <dl id="figures">
        <Figure of={figures().quotas} says="quotas" />
        <Figure of={figures().held} says="units in flight" />
        <Figure of={figures().waiting} says="calls wait" />
        <Figure of={figures().paused} says="paused" class="paused" />
        <Figure of={figures().refusals} says="refusals" class="refused" />
        <Show when={from.limits.scope === "workers"}>
          <div class="scope">
            <dt>over all workers</dt>
          </div>
        </Show>
      </dl>
      <Minutes at={props.at} quota={chosen() ?? ""} title={title()} />
      <form id="form" role="search" onSubmit={(event) => event.preventDefault()}>
        <label>
          Search
          <input
            ref={setInput}
            type="search"
            name="search"
            placeholder="provider, key, quota"
            aria-keyshortcuts="/"
            autocomplete="off"
            value={search()}
            onInput={(event) => setSearch(event.currentTarget.value)}
          />
        </label>
        <label>
          Show
          <select name="show" value={show()} onChange={(event) => setShow(event.currentTarget.value as never)}>
            {shows.map((one) => (
              <option value={one}>{one}</option>
            ))}
          </select>
        </label>
      </form>
      <QuotaTable source={from} keys={keys()} chosen={chosen()} choose={pick} />
      <Happened
        happenings={from.limits.happenings}
        matches={(one) => has(one.provider, one.partition, ...one.quotas)}
        kind={kind()}
        setKind={setKind}
      />
    </Frame>
  )
}

const Figure = (props: { readonly of: number; readonly says: string; readonly class?: string }): JSX.Element => (
  <div classList={{ [props.class ?? "usual"]: props.of > 0 }}>
    <dt>{props.says}</dt>
    <dd>{number(props.of)}</dd>
  </div>
)
