/** How much waits at each provider and until about when, how much is under way, and how much has failed. */
import { For, type JSX, Show } from "solid-js"
import type { Summary } from "../../src/Tickets.ts"
import { When } from "./When.tsx"

export const Counts = (props: { readonly summary: Summary | undefined }): JSX.Element => (
  <ul id="summary" aria-label="Providers">
    <Show when={props.summary}>
      {(summary) => (
        <>
          <For each={summary().providers} fallback={<li>Nothing waits, and nothing has failed.</li>}>
            {(one) => (
              <li>
                <strong>{one.provider}</strong> {one.waiting} {one.waiting === 1 ? "waits" : "wait"}
                <Show when={one.until}>
                  {(until) => (
                    <>
                      , the last goes <When at={until()} isDue />
                    </>
                  )}
                </Show>
                {one.sending > 0 ? `, ${one.sending} under way` : ""}
                <Show when={one.failed > 0}>
                  , <span class="failed">{one.failed} failed</span>
                </Show>
              </li>
            )}
          </For>
          <Show when={summary().isMore}>
            <li class="soft">and more: the first five hundred are counted</li>
          </Show>
        </>
      )}
    </Show>
  </ul>
)
