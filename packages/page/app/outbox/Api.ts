/** What the outbox's routes are asked, and how they say no. */
import type { Summary, Tickets } from "../../src/Tickets.ts"

export interface Api {
  readonly tickets: (question: URLSearchParams) => Promise<Tickets>
  readonly summary: () => Promise<Summary>
  readonly act: (id: string, action: "retry" | "cancel") => Promise<unknown>
}

export const api = (at: string): Api => {
  const ask = async (path: string, init?: RequestInit): Promise<unknown> => {
    const response = await fetch(at + path, init)
    const body: unknown = await response.json().catch(() => ({ error: `The server answered ${response.status}` }))
    if (!response.ok) throw new Error((body as { readonly error: string }).error)
    return body
  }
  return {
    tickets: async (question) => (await ask(`/tickets?${question}`)) as Tickets,
    summary: async () => (await ask("/summary")) as Summary,
    act: (id, action) =>
      ask(`/tickets/${encodeURIComponent(id)}/${action}`, {
        method: "POST",
        headers: { "content-type": "application/json" },
        body: "{}"
      })
  }
}
