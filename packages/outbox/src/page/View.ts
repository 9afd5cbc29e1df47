/** A ticket as a person may see it: what it is about and how it stands, and of what it carries only what is asked for. */
import { DateTime, Option } from "effect"
import type { Call } from "../Call.ts"
import type { Stored } from "../OutboxStore.ts"
import { pathOf, queryOf, saidOf } from "../status/Seen.ts"
import type { Status } from "../Ticket.ts"

/** What is hidden unless it is asked for: it may be personal, or let somebody repeat a call. */
export const hideable = ["queries", "headers", "bodies", "keys"] as const
export type Hideable = (typeof hideable)[number]
export type Shows = ReadonlySet<Hideable>

/** As JSON; instants are ISO 8601. What is hidden is left out. */
export interface View {
  readonly id: string
  readonly place: number
  readonly provider: string
  readonly subject: string | null
  readonly method: string
  /** Without what follows a question mark, unless queries are shown. */
  readonly path: string
  readonly state: "waiting" | "refused" | "sending" | "done" | "failed" | "cancelled" | "superseded"
  readonly createdAt: string
  /** Since when it is as it is, where that is known. */
  readonly at: string | null
  /** A lower bound; null where nothing is known. */
  readonly expectedAt: string | null
  readonly attempts: number
  /** How its last attempt ended, or why it failed. */
  readonly why: string | null
  /** The ticket that has to end first. */
  readonly behind: string | null
  /** The ticket that took its place. */
  readonly by: string | null
  readonly canRetry: boolean
  readonly canCancel: boolean
  readonly answered?: number
  readonly idempotencyKey?: string
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string
  readonly answerHeaders?: Readonly<Record<string, string>>
  readonly answerBody?: string
}

export const make = (stored: Stored, status: Status, shows: Shows): View => ({
  id: stored.id,
  place: stored.place,
  provider: stored.provider,
  subject: stored.subject,
  method: stored.call.method,
  path: `${pathOf(stored.call)}${shows.has("queries") ? queryOf(stored.call) : ""}`,
  state: stateOf(status),
  createdAt: iso(DateTime.makeUnsafe(stored.createdAt)),
  at: atOf(status),
  expectedAt: "expectedAt" in status ? Option.getOrNull(Option.map(status.expectedAt, iso)) : null,
  attempts: stored.attempts,
  why: whyOf(stored, shows),
  behind: status._tag === "Waiting" ? Option.getOrNull(status.behind) : null,
  by: status._tag === "Superseded" ? status.by : null,
  canRetry: status._tag === "Failed",
  canCancel: status._tag === "Waiting" || status._tag === "Refused" || status._tag === "Failed",
  ...(status._tag === "Done" && { answered: status.answer.status }),
  ...(shows.has("keys") && { idempotencyKey: stored.idempotencyKey }),
  ...(shows.has("headers") && {
    headers: stored.call.headers,
    ...(stored.answer && { answerHeaders: stored.answer.headers })
  }),
  ...(shows.has("bodies") && {
    body: bodyOf(stored.call),
    ...(stored.answer && { answerBody: stored.answer.body })
  })
})

const bodyOf = ({ body }: Call): string => {
  switch (body._tag) {
    case "Empty":
      return ""
    case "Text":
      return body.text
    case "Bytes":
      return `base64: ${body.base64}`
  }
}

const whyOf = ({ failure, state, trouble }: Stored, shows: Shows): string | null => {
  if (state === "done" || state === "cancelled" || state === "superseded") return null
  const of = state === "failed" ? failure : trouble
  return of === null ? null : saidOf(of, shows.has("bodies"))
}

const stateOf = ({ _tag }: Status): View["state"] => _tag.toLowerCase() as Lowercase<typeof _tag>

const atOf = (status: Status): string | null => {
  if ("at" in status) return iso(status.at)
  return "since" in status ? iso(status.since) : null
}

const iso = (at: DateTime.Utc): string => DateTime.formatIso(at)
