/** The page's and its API's routes: each looks who asks, and tells what goes wrong as JSON. */
import * as Access from "@sluice/page/Access"
import * as Mounted from "@sluice/page/Mounted"
import { Effect, Schema } from "effect"
import { HttpRouter, HttpServerRequest, HttpServerResponse } from "effect/http"
import type { PageOptions, Service } from "../Outbox.ts"
import type { OutboxStore } from "../OutboxStore.ts"
import { anything } from "../Ticket.ts"
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
      const mounted = yield* Mounted.make({ view: "outbox", path, access, subject })
      // However many look, the store is asked once a second.
      const summary = yield* Effect.cachedWithTTL(Listing.summary(source), "1 second")
      const answer = <E extends Told>(
        asks: Access.Asks,
        handler: Effect.Effect<
          HttpServerResponse.HttpServerResponse,
          E,
          HttpRouter.Provided | HttpServerRequest.ParsedSearchParams | HttpRouter.RouteContext
        >
      ) =>
        mounted.answer(
          asks,
          Effect.catch(handler, (error) => Effect.succeed(told(error)))
        )
      const ticket = Effect.map(HttpRouter.schemaPathParams(Id), ({ id }) => ({ id, answer: anything }))
      return [
        mounted.page,
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
type Told = { readonly _tag: keyof typeof statuses; readonly message: string }

const statuses = { SchemaError: 400, CallError: 422, TicketUnknown: 404, TicketMoved: 409, OutboxStoreError: 503 }

const told = ({ _tag, message }: Told) => Mounted.no(statuses[_tag], message)

const subject: Access.Subject = { name: "outbox", mountedBy: "Outbox.routes" }

interface Checked {
  readonly access: Access.Access
  readonly path: Mounted.Path
  readonly shows: View.Shows
}

export const check = ({ access = "loopback", path = "/outbox", shows = [] }: PageOptions): Checked => {
  Access.check(access, subject)
  const unknown = shows.find((one) => !View.hideable.includes(one))
  if (unknown !== undefined) {
    const rule = `some of ${View.hideable.join(", ")}`
    throw new RangeError(`Outbox.routes: shows takes ${rule}, but was given ${JSON.stringify(unknown)}.`)
  }
  return { access, path: Mounted.pathOf(path, subject, "/outbox"), shows: new Set(shows) }
}
