/** What waits in an outbox, what failed and why, and what is to be done about it. */
import { createEffect, createSignal, For, type JSX } from "solid-js"
import type { Ticket } from "../../src/Tickets.ts"
import type { View } from "../../src/Views.ts"
import { Frame, slashFocuses } from "../Frame.tsx"
import { Counts } from "./Counts.tsx"
import { source } from "./Source.ts"
import { type Action, TicketRow } from "./TicketRow.tsx"

const states = ["open", "waiting", "sending", "failed", "done", "cancelled", "superseded", "all"]

export const OutboxView = (props: {
  readonly here: View
  readonly views: ReadonlyArray<View>
  readonly at: string
}): JSX.Element => {
  const address = new URLSearchParams(location.search)
  const [search, setSearch] = createSignal(address.get("search") ?? "")
  const [state, setState] = createSignal(states.find((one) => one === address.get("state")) ?? "open")
  const [provider, setProvider] = createSignal(address.get("provider") ?? "")
  const [limit, setLimit] = createSignal(address.get("limit") === "100" ? "100" : "25")
  const asked = () => ({ search: search(), state: state(), provider: provider(), limit: limit() })
  const [input, setInput] = createSignal<HTMLInputElement>()
  const [rows, setRows] = createSignal<HTMLElement>()
  slashFocuses(input)

  createEffect(() => {
    const question = new URLSearchParams(Object.entries(asked()).filter(([, value]) => value !== ""))
    history.replaceState(null, "", `?${question}`)
  })

  /** Where the focus was in the list, so that it finds its way back when the list has changed. */
  let held: { readonly id: string; readonly action: string } | undefined
  const from = source(props.at, asked, () => {
    const lost = held
    if (lost === undefined || document.activeElement !== document.body) return
    const row = rows()?.querySelector(`tr[data-id=${JSON.stringify(lost.id)}]`)
    const button = row?.querySelector<HTMLElement>(`[data-action=${lost.action}]`) ?? row?.querySelector("button")
    ;(button ?? rows())?.focus()
  })

  // Providers are known from what is counted; one that was chosen stays.
  const providers = () => [
    ...new Set(
      [...(from.summary()?.providers ?? []).map((one) => one.provider), provider()].filter((one) => one !== "")
    )
  ]
  let typing: ReturnType<typeof setTimeout> | undefined
  const anew = () => {
    clearTimeout(typing)
    from.anew()
  }

  const act = async (ticket: Ticket, action: Action) => {
    const question = `Cancel ${ticket.method} ${ticket.path}? It will not be sent.`
    if (action === "cancel" && !confirm(question)) return
    await from.act(ticket, action)
  }

  return (
    <Frame here={props.here} views={props.views} isLive={from.isLive()}>
      <h1>Outbox</h1>
      <Counts summary={from.summary()} />
      <form
        id="form"
        role="search"
        onSubmit={(event) => {
          event.preventDefault()
          anew()
        }}
      >
        <label>
          Search
          <input
            ref={setInput}
            type="search"
            name="search"
            placeholder="subject, path, reason"
            aria-keyshortcuts="/"
            autocomplete="off"
            value={search()}
            onInput={(event) => {
              setSearch(event.currentTarget.value)
              clearTimeout(typing)
              typing = setTimeout(anew, 200)
            }}
          />
        </label>
        <Choice says="Show" name="state" value={state()} of={states} choose={(one) => (setState(one), anew())} />
        <label>
          Provider
          <select
            name="provider"
            onChange={(event) => {
              setProvider(event.currentTarget.value)
              anew()
            }}
          >
            <option value="">all</option>
            <For each={providers()}>
              {(one) => (
                <option value={one} selected={one === provider()}>
                  {one}
                </option>
              )}
            </For>
          </select>
        </label>
        <Choice
          says="A page"
          name="limit"
          value={limit()}
          of={["25", "100"]}
          choose={(one) => (setLimit(one), anew())}
        />
      </form>
      <p id="said" role="status">
        {from.said()}
      </p>
      <div class="wide">
        <table>
          <thead>
            <tr>
              <For each={["State", "Provider", "Call", "When", "Why", "Do"]}>
                {(title) => <th scope="col">{title}</th>}
              </For>
            </tr>
          </thead>
          <tbody
            ref={setRows}
            id="rows"
            tabindex="-1"
            onFocusIn={({ target }) => {
              const action = target.getAttribute("data-action")
              const id = target.closest("tr")?.dataset["id"]
              held = action === null || id === undefined ? undefined : { action, id }
            }}
            onFocusOut={({ target }) => {
              // Who leaves by themselves want to be elsewhere; what was taken out of the page is not there any more.
              setTimeout(() => target.isConnected && document.activeElement !== target && (held = undefined))
            }}
          >
            <For each={from.tickets}>
              {(ticket) => <TicketRow ticket={ticket} act={(action) => act(ticket, action)} />}
            </For>
          </tbody>
        </table>
      </div>
      <p id="none" class="soft">
        {from.none()}
      </p>
      <nav class="pages" aria-label="Pages">
        <button type="button" id="previous" disabled={!from.hasPrevious()} onClick={from.previous}>
          Previous
        </button>
        <button type="button" id="next" disabled={!from.hasNext()} onClick={from.next}>
          Next
        </button>
      </nav>
    </Frame>
  )
}

const Choice = (props: {
  readonly says: string
  readonly name: string
  readonly value: string
  readonly of: ReadonlyArray<string>
  readonly choose: (one: string) => void
}): JSX.Element => (
  <label>
    {props.says}
    <select name={props.name} value={props.value} onChange={(event) => props.choose(event.currentTarget.value)}>
      <For each={props.of}>{(one) => <option value={one}>{one}</option>}</For>
    </select>
  </label>
)
