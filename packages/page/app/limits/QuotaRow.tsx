/** One quota: what it is, how its slots stand, who waits, when the next may go, and what is unusual. */
import { For, type JSX, Show } from "solid-js"
import type { Quota } from "../../src/Limits.ts"
import { now } from "../Now.ts"
import { about, count, instant, number, until } from "../words.ts"
import { Bar } from "./Bar.tsx"
import { learnedOf, priorityOf, ruleOf, waitingOf } from "./sentences.ts"

export const QuotaRow = (props: {
  readonly id: string
  readonly quota: Quota
  readonly isChosen: boolean
  readonly choose: () => void
}): JSX.Element => (
  <tr
    data-key={props.id}
    classList={{ chosen: props.isChosen, shut: props.quota.closedUntil !== null }}
    onClick={props.choose}
  >
    <th scope="row">
      <button type="button" class="name" aria-pressed={props.isChosen} title="Show its last ten minutes">
        {props.quota.quota}
      </button>
      <Show when={props.quota.within !== ""}>
        <small class="below within" title={props.quota.within}>
          {props.quota.within}
        </small>
      </Show>
      <small class="below">{ruleOf(props.quota)}</small>
    </th>
    <td>
      {props.quota.provider || <span class="soft">none</span>}
      <small class="below">
        <code title="The key, by its hash, or the name of the partition">{props.quota.partition || "one for all"}</code>
      </small>
    </td>
    <td class="slots">
      <Bar quota={props.quota} />
      <small class="below figures">
        <span>
          <b>{number(props.quota.free)}</b> free
        </span>
        <span class="held">{number(props.quota.held)} held</span>
        <span class="cooling">{number(props.quota.cooling)} cooling</span>
      </small>
    </td>
    <td class="waiting">
      <Show when={waitingOf(props.quota) > 0} fallback={<span class="soft">nobody</span>}>
        <b>{count(waitingOf(props.quota), "call")}</b>
        <small class="below">
          <For each={props.quota.waiting.slice(0, 4)}>
            {(group) => (
              <span class="group" title={`the first since ${instant(group.since)}`}>
                {number(group.calls)} {priorityOf(group.priority)}
                {group.tenant === "" ? "" : ` for ${group.tenant}`}
                {group.units === group.calls ? "" : `, ${number(group.units)} units`}, since{" "}
                {about(now() - group.since)}
              </span>
            )}
          </For>
          <Show when={props.quota.waiting.length > 4}>and {props.quota.waiting.length - 4} more groups</Show>
        </small>
      </Show>
    </td>
    <td class="next">
      <Show
        when={props.quota.nextAt}
        fallback={<span class="soft">{props.quota.free > 0 ? "now" : "with an answer"}</span>}
      >
        {(at) => <time title={instant(at())}>{until(at(), now())}</time>}
      </Show>
    </td>
    <td class="state">
      <Show when={props.quota.closedUntil} fallback={<span class="open">open</span>}>
        {(at) => (
          <>
            <strong class="paused" title={instant(at())}>
              paused, goes on {until(at(), now())}
            </strong>
            <Show when={props.quota.closedBy}>{(cause) => <small class="below">{cause()}</small>}</Show>
          </>
        )}
      </Show>
      <For each={learnedOf(props.quota)}>{(learned) => <small class="below learned">{learned}</small>}</For>
      <Show when={props.quota.refusals > 0}>
        <small class="below">{count(props.quota.refusals, "refusal")}</small>
      </Show>
    </td>
  </tr>
)
