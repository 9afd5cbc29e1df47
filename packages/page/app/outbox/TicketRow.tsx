/** One ticket: how it stands, when and why, and what can be done about it. Whatever comes from it is text, never markup. */
import { For, type JSX, Match, Show, Switch } from "solid-js"
import type { Ticket } from "../../src/Tickets.ts"
import { When } from "./When.tsx"

const more = {
  idempotencyKey: "Idempotency key",
  headers: "Headers",
  body: "Body",
  answerHeaders: "Headers of the answer",
  answerBody: "Body of the answer"
} as const
const names = Object.keys(more) as ReadonlyArray<keyof typeof more>

export type Action = "retry" | "cancel"

export const TicketRow = (props: {
  readonly ticket: Ticket
  readonly act: (action: Action) => Promise<void>
}): JSX.Element => {
  const shown = () => names.filter((name) => props.ticket[name] !== undefined)
  const text = (value: unknown) => (typeof value === "string" ? value : JSON.stringify(value, null, 1))
  return (
    <tr data-id={props.ticket.id}>
      <td class={props.ticket.state}>
        {props.ticket.state}
        {props.ticket.answered === undefined ? "" : ` (${props.ticket.answered})`}
      </td>
      <td>{props.ticket.provider}</td>
      <td>
        <strong>{props.ticket.method}</strong> {props.ticket.path}
        <br />
        <small>
          {props.ticket.subject === null ? "" : `${props.ticket.subject} · `}
          {props.ticket.id}
        </small>
        <Show when={shown().length > 0}>
          <details>
            <summary>More</summary>
            <For each={shown()}>
              {(name) => (
                <>
                  <small>{more[name]}</small>
                  <pre>{text(props.ticket[name])}</pre>
                </>
              )}
            </For>
          </details>
        </Show>
      </td>
      <td>
        <Switch fallback="not known">
          <Match when={props.ticket.behind}>
            {(behind) => (
              <>
                after <small>{behind()}</small>
              </>
            )}
          </Match>
          <Match when={props.ticket.by}>
            {(by) => (
              <>
                by <small>{by()}</small>
              </>
            )}
          </Match>
          <Match when={props.ticket.expectedAt}>{(at) => <When at={at()} isDue />}</Match>
          <Match when={props.ticket.at}>{(at) => <When at={at()} />}</Match>
        </Switch>
      </td>
      <td>
        {props.ticket.why ?? ""}
        {props.ticket.attempts > 1 ? ` (${props.ticket.attempts} attempts)` : ""}
      </td>
      <td>
        <Button ticket={props.ticket} action="retry" can={props.ticket.canRetry} act={props.act} />
        <Button ticket={props.ticket} action="cancel" can={props.ticket.canCancel} act={props.act} />
      </td>
    </tr>
  )
}

const labels = { retry: "Retry", cancel: "Cancel" }

const Button = (props: {
  readonly ticket: Ticket
  readonly action: Action
  readonly can: boolean
  readonly act: (action: Action) => Promise<void>
}): JSX.Element => {
  // One that is disabled would lose the focus.
  let isBusy = false
  const act = async () => {
    if (isBusy) return
    isBusy = true
    await props.act(props.action)
    isBusy = false
  }
  return (
    <Show when={props.can}>
      <button
        type="button"
        data-action={props.action}
        aria-label={`${labels[props.action]} ${props.ticket.method} ${props.ticket.path}`}
        onClick={() => void act()}
      >
        {labels[props.action]}
      </button>
    </Show>
  )
}
