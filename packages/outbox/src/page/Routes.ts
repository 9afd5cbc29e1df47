/** The page's and its API's routes: each looks who asks, and tells what goes wrong as JSON. */
import { Effect, Schema } from "effect"
import { HttpRouter, HttpServerRequest, HttpServerResponse } from "effect/http"
import type { PageOptions, Service } from "../Outbox.ts"
import type { OutboxStore } from "../OutboxStore.ts"
import { anything } from "../Ticket.ts"
import { type Access, refusalOf } from "./Access.ts"
import * as Document from "./Document.ts"
import * as Listing from "./Listing.ts"
import * as Live from "./Live.ts"
import * as View from "./View.ts"

const whole = (minimum: number, maximum: number) =>
  Schema.FiniteFromString.check(Schema.isInt(), Schema.isBetween({ minimum, maximum }))

const Question = Schema.Struct({
  state: Schema.optionalKey(Listing.Shown),
  provider: Schema.optionalKey(Schema.String),
  search: Schema.optionalKey(Schema.String.check(Schema.isMaxLength(200))),
  after: Schema.optionalKey(whole(0, Number.MAX_SAFE_INTEGER)),
  limit: Schema.optionalKey(whole(1, 200))
})

const Id = Schema.Struct({ id: Schema.String })

/** What waits, has failed or ended, and what is to be done about it. */
export const layer = (outbox: Service, store: OutboxStore["Service"], { access, path, shows }: Checked) => {
  const source = { outbox, shows }
  return HttpRouter.addAll(
    Effect.gen(function* () {
      const headers = yield* Document.headers
      // However many look, the store is asked once a second.
      const summary = yield* Effect.cachedWithTTL(Listing.summary(source), "1 second")
      const answer = <E extends Told>(
        asks: "page" | "data" | "change",
        handler: Effect.Effect<
          HttpServerResponse.HttpServerResponse,
          E,
          HttpRouter.Provided | HttpServerRequest.ParsedSearchParams | HttpRouter.RouteContext
        >
      ) =>
        Effect.gen(function* () {
          const why = refusalOf(yield* HttpServerRequest.HttpServerRequest, access, asks)
          return why === undefined ? yield* Effect.catch(handler, (error) => Effect.succeed(told(error))) : no(403, why)
        }).pipe(Effect.map(HttpServerResponse.setHeaders(headers)))
      const page = answer(
        "page",
        Effect.succeed(HttpServerResponse.text(Document.html, { contentType: "text/html; charset=utf-8" }))
      )
      const ticket = Effect.map(HttpRouter.schemaPathParams(Id), ({ id }) => ({ id, answer: anything }))
      return [
        HttpRouter.route("GET", path === "" ? "/" : path, page),
        HttpRouter.route(
          "GET",
          `${path}/tickets`,
          answer(
            "data",
            Effect.gen(function* () {
              const asked = yield* HttpServerRequest.schemaSearchParams(Question)
              return HttpServerResponse.jsonUnsafe(yield* Listing.page(source, asked))
            })
          )
        ),
        HttpRouter.route(
          "GET",
          `${path}/tickets/:id`,
          answer(
            "data",
            Effect.gen(function* () {
              const stored = yield* store.get((yield* ticket).id)
              return HttpServerResponse.jsonUnsafe(yield* Listing.view(source, stored))
            })
          )
        ),
        HttpRouter.route(
          "POST",
          `${path}/tickets/:id/retry`,
          answer(
            "change",
            Effect.as(
              Effect.flatMap(ticket, (one) => outbox.retry(one)),
              done()
            )
          )
        ),
        HttpRouter.route(
          "POST",
          `${path}/tickets/:id/cancel`,
          answer("change", Effect.as(Effect.flatMap(ticket, outbox.cancel), done()))
        ),
        HttpRouter.route(
          "GET",
          `${path}/summary`,
          answer(
            "data",
            Effect.map(summary, (summary) => HttpServerResponse.jsonUnsafe(summary))
          )
        ),
        HttpRouter.route("GET", `${path}/changes`, answer("data", Live.events(outbox.changes)))
      ]
    })
  )
}

const done = () => HttpServerResponse.jsonUnsafe({ done: true })
const no = (status: number, error: string) => HttpServerResponse.jsonUnsafe({ error }, { status })

type Told = { readonly _tag: keyof typeof statuses; readonly message: string }

const statuses = { SchemaError: 400, CallError: 422, TicketUnknown: 404, TicketMoved: 409, OutboxStoreError: 503 }

const told = ({ _tag, message }: Told) => no(statuses[_tag], message)

interface Checked {
  readonly access: Access
  /** Without the slash at its end. */
  readonly path: "" | `/${string}`
  readonly shows: View.Shows
}

export const check = ({ access = "loopback", path = "/outbox", shows = [] }: PageOptions): Checked => {
  const fail = (field: string, rule: string, value: unknown): never => {
    throw new RangeError(`Outbox.routes: ${field} takes ${rule}, but was given ${JSON.stringify(value)}.`)
  }
  if (!/^\/[\w.~/-]*$/.test(path) || path.includes("//")) fail("path", `a path such as "/outbox"`, path)
  if (access !== "loopback" && access !== "behindOwnAuthentication") {
    fail("access", `"loopback" or "behindOwnAuthentication"`, access)
  }
  const unknown = shows.find((one) => !View.hideable.includes(one))
  if (unknown !== undefined) fail("shows", `some of ${View.hideable.join(", ")}`, unknown)
  return { access, path: path.replace(/\/$/, "") as "" | `/${string}`, shows: new Set(shows) }
}
