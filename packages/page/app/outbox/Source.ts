/** Tickets a page at a time and how many there are, asked for again when something has changed. */
import { type Accessor, batch, createSignal, onCleanup } from "solid-js"
import { createStore, reconcile } from "solid-js/store"
import type { Summary, Ticket } from "../../src/Tickets.ts"
import { listen } from "../Live.ts"
import { api } from "./Api.ts"

/** What is looked for; empty texts ask for nothing. */
export interface Asked {
  readonly search: string
  readonly state: string
  readonly provider: string
  readonly limit: string
}

export interface Source {
  readonly tickets: ReadonlyArray<Ticket>
  readonly summary: Accessor<Summary | undefined>
  readonly isLive: Accessor<boolean | undefined>
  /** What was said last, and what stands where no tickets do. */
  readonly said: Accessor<string>
  readonly none: Accessor<string>
  readonly hasNext: Accessor<boolean>
  readonly hasPrevious: Accessor<boolean>
  readonly next: () => void
  readonly previous: () => void
  /** Begins anew, with what is asked now. */
  readonly anew: () => void
  readonly act: (ticket: Ticket, action: "retry" | "cancel") => Promise<void>
}

export const source = (at: string, asked: () => Asked, loaded: () => void): Source => {
  const server = api(at)
  const [tickets, setTickets] = createStore<{ list: Array<Ticket> }>({ list: [] })
  const [summary, setSummary] = createSignal<Summary>()
  const [said, say] = createSignal("")
  const [none, setNone] = createSignal("")
  const [next, setNext] = createSignal<number | null>(null)
  const [before, setBefore] = createSignal<ReadonlyArray<number>>([])
  let after = 0
  let turn = 0

  const load = async () => {
    const mine = ++turn
    const question = new URLSearchParams(Object.entries(asked()).filter(([, value]) => value !== ""))
    try {
      for (;;) {
        question.set("after", String(after))
        const page = await server.tickets(question)
        if (mine !== turn) return
        // A search looks through so many at a time.
        if (page.tickets.length === 0 && page.next !== null) {
          after = page.next
          setNone("Searches on.")
          continue
        }
        batch(() => {
          setTickets("list", reconcile([...page.tickets], { key: "id" }))
          setNext(page.next)
          setNone(page.tickets.length > 0 ? "" : "No tickets here.")
        })
        return loaded()
      }
    } catch (error) {
      if (mine === turn) say(messageOf(error))
    }
  }
  const count = () => server.summary().then(setSummary, (error: unknown) => say(messageOf(error)))

  const loadSoon = soon(() => void load(), 400)
  const countSoon = soon(() => void count(), 2000)
  const changed = () => {
    loadSoon()
    countSoon()
  }
  const { isLive } = listen(`${at}/changes`, {
    onOpen: () => {
      void load()
      void count()
    },
    events: { message: changed }
  })
  document.addEventListener("visibilitychange", changed)
  const timer = setInterval(changed, 15_000)
  onCleanup(() => {
    document.removeEventListener("visibilitychange", changed)
    clearInterval(timer)
  })
  void load()
  void count()

  return {
    get tickets() {
      return tickets.list
    },
    summary,
    isLive,
    said,
    none,
    hasNext: () => next() !== null,
    hasPrevious: () => before().length > 0,
    next: () => {
      const place = next()
      if (place === null) return
      setBefore([...before(), after])
      after = place
      void load()
    },
    previous: () => {
      after = before().at(-1) ?? 0
      setBefore(before().slice(0, -1))
      void load()
    },
    anew: () => {
      after = 0
      setBefore([])
      void load()
    },
    act: async (ticket, action) => {
      try {
        await server.act(ticket.id, action)
        say(`${ticket.id} ${action === "cancel" ? "is cancelled." : "is sent again."}`)
      } catch (error) {
        say(messageOf(error))
      }
      await load()
    }
  }
}

const messageOf = (error: unknown) => (error instanceof Error ? error.message : String(error))

/** Once for all that comes within a while, and only while somebody looks. */
const soon = (act: () => void, millis: number) => {
  let timer: ReturnType<typeof setTimeout> | undefined
  return () => {
    timer ??= setTimeout(() => {
      timer = undefined
      if (!document.hidden) act()
    }, millis)
  }
}
