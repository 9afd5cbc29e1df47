/** All quotas that match what is looked for; arrows or j and k go from one to the next. */
import { For, type JSX, Show } from "solid-js"
import { count } from "../words.ts"
import type { Source } from "./Source.ts"
import { QuotaRow } from "./QuotaRow.tsx"

export const QuotaTable = (props: {
  readonly source: Source
  readonly keys: ReadonlyArray<string>
  readonly chosen: string | undefined
  readonly choose: (key: string) => void
}): JSX.Element => {
  const go = (event: KeyboardEvent & { readonly currentTarget: HTMLElement }) => {
    const step = { ArrowDown: 1, j: 1, ArrowUp: -1, k: -1 }[event.key]
    if (step === undefined || event.ctrlKey || event.metaKey || event.altKey) return
    const buttons = [...event.currentTarget.querySelectorAll<HTMLElement>("button.name")]
    const next = buttons[buttons.findIndex((one) => one === document.activeElement) + step]
    if (next === undefined) return
    event.preventDefault()
    next.focus()
  }
  return (
    <div class="wide">
      <table class="quotas">
        <thead>
          <tr>
            <th scope="col">Quota</th>
            <th scope="col">Provider, key</th>
            <th scope="col">Slots</th>
            <th scope="col">Waiting</th>
            <th scope="col">Next</th>
            <th scope="col">State</th>
          </tr>
        </thead>
        <tbody id="quotas" onKeyDown={go}>
          <For each={props.keys}>
            {(key) => (
              <Show when={props.source.quota(key)}>
                {(quota) => (
                  <QuotaRow id={key} quota={quota()} isChosen={props.chosen === key} choose={() => props.choose(key)} />
                )}
              </Show>
            )}
          </For>
        </tbody>
      </table>
      <p id="none" class="soft">
        <Show when={props.keys.length === 0}>No quotas here: one appears with its first call.</Show>
        <Show when={props.source.limits.hidden > 0}>
          And {count(props.source.limits.hidden, "quota")} more, which are less in demand.
        </Show>
      </p>
    </div>
  )
}
