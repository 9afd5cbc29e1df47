/** Saving over HTTP: 202, where to look, and what may be told by now. */
import { Outbox } from "@sluice/outbox"
import { DateTime, Effect, Layer, Option, Schema } from "effect"
import { HttpRouter, HttpServerRequest, HttpServerResponse } from "effect/http"
import { delay, saveContact, saveThread, tell } from "./Saving.ts"

const Id = Schema.Struct({ id: Schema.String })
const Contact = Schema.Struct({ name: Schema.NonEmptyString })
const Thread = Schema.Struct({ text: Schema.NonEmptyString, contact_email: Schema.NonEmptyString })

const saved = Effect.fnUntraced(function* (ticket: Outbox.Ticket) {
  const status = yield* Outbox.status(ticket)
  return HttpServerResponse.jsonUnsafe(
    { ticket: ticket.id, said: tell(status) },
    { status: 202, headers: { location: `/saved/${ticket.id}` } }
  )
})

const failed = (status: number) => (error: { readonly message: string }) =>
  Effect.succeed(HttpServerResponse.jsonUnsafe({ error: error.message }, { status }))

/** What is not stored was not saved, and is said so. */
const answering = Effect.catchTags({
  SchemaError: failed(422),
  CallError: failed(422),
  TicketUnknown: failed(404),
  OutboxStoreError: failed(503)
})

export const routes = Layer.mergeAll(
  HttpRouter.add(
    "PUT",
    "/contacts/:id",
    Effect.gen(function* () {
      const { id } = yield* HttpRouter.schemaPathParams(Id)
      return yield* saved(yield* saveContact(id, yield* HttpServerRequest.schemaBodyJson(Contact)))
    }).pipe(answering)
  ),
  HttpRouter.add(
    "POST",
    "/threads",
    HttpServerRequest.schemaBodyJson(Thread).pipe(Effect.flatMap(saveThread), Effect.flatMap(saved), answering)
  ),
  HttpRouter.add(
    "GET",
    "/saved/:id",
    Effect.gen(function* () {
      const { id } = yield* HttpRouter.schemaPathParams(Id)
      return HttpServerResponse.jsonUnsafe({ ticket: id, said: tell(yield* Outbox.status(Outbox.ticket(id))) })
    }).pipe(answering)
  ),
  HttpRouter.add(
    "GET",
    "/delay",
    delay.pipe(
      Effect.map(({ until, waiting }) =>
        HttpServerResponse.jsonUnsafe({ waiting, until: Option.getOrNull(Option.map(until, DateTime.formatIso)) })
      ),
      answering
    )
  )
)
