/** What happened, the latest first. */
import { createMemo, For, type JSX, Show } from "solid-js"
import type { Happening } from "../../src/Limits.ts"
import { now } from "../Now.ts"
import { instant, time, until } from "../words.ts"
import { numbersOf, sentenceOf, timesOf, titles } from "./sentences.ts"

const kinds = Object.keys(titles) as ReadonlyArray<Happening["kind"]>
const shown = 60

export const Happened = (props: {
  readonly happenings: ReadonlyArray<Happening>
  readonly matches: (of: Happening) => boolean
  readonly kind: string
  readonly setKind: (kind: string) => void
}): JSX.Element => {
  const latest = createMemo(() =>
    props.happenings
      .filter((one) => (props.kind === "" || one.kind === props.kind) && props.matches(one))
      .toSorted((a, b) => b.at - a.at)
      .slice(0, shown)
  )
  return (
    <section aria-labelledby="happened-title">
      <div class="head">
        <h2 id="happened-title">What happened</h2>
        <label>
          <span class="unseen">Show</span>
          <select name="kind" value={props.kind} onChange={(event) => props.setKind(event.currentTarget.value)}>
            <option value="">everything</option>
            <For each={kinds}>{(kind) => <option value={kind}>{titles[kind]}</option>}</For>
          </select>
        </label>
      </div>
      <ol id="happened">
        <For each={latest()} fallback={<li class="soft">Nothing yet that anybody has to know.</li>}>
          {(one) => (
            <li data-kind={one.kind} classList={{ unexpected: !one.isExpected }}>
              <time title={instant(one.at)}>{time(one.at)}</time>
              <strong class={one.kind}>{titles[one.kind]}</strong>
              <div>
                <span class="about">
                  {[one.provider, one.partition, one.quotas.join(", ")].filter((word) => word !== "").join(" · ")}
                </span>{" "}
                {sentenceOf(one)}
                <Show when={one.until !== null && one.until > now() && one.until}>
                  {(at) => (
                    <span class="soft">
                      , {one.kind === "longWait" ? "goes" : "goes on"} {until(at(), now())}
                    </span>
                  )}
                </Show>
                <Show when={timesOf(one) !== ""}>
                  <span class="times">{timesOf(one)}</span>
                </Show>
                <For each={one.numbers}>{(numbers) => <small class="below numbers">{numbersOf(numbers)}</small>}</For>
              </div>
            </li>
          )}
        </For>
      </ol>
    </section>
  )
}
