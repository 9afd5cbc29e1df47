/** The page's routes: each looks who asks. */
import type * as Access from "@sluice/page/Access"
import * as Live from "@sluice/page/Live"
import * as Mounted from "@sluice/page/Mounted"
import { Effect, Schema } from "effect"
import { HttpRouter, HttpServerRequest, HttpServerResponse } from "effect/http"
import * as Watch from "./Watch.ts"

export const subject: Access.Subject = { name: "dashboard", mountedBy: "Dashboard.routes" }

const Question = Schema.Struct({
  /** Its key in the state; all together if there is none. */
  quota: Schema.optionalKey(Schema.String),
  after: Schema.optionalKey(Schema.FiniteFromString.check(Schema.isInt(), Schema.isGreaterThanOrEqualTo(0)))
})

export const layer = (path: Mounted.Path, access: Access.Access) =>
  HttpRouter.addAll(
    Effect.gen(function* () {
      const watch = yield* Watch.make
      const { answer, page } = yield* Mounted.make({ view: "limits", path, access, subject })
      const json = (value: unknown) => HttpServerResponse.jsonUnsafe(value)
      const history = Effect.matchEffect(HttpServerRequest.schemaSearchParams(Question), {
        onFailure: ({ message }) => Effect.succeed(Mounted.no(400, message)),
        onSuccess: ({ after, quota = "" }) => Effect.succeed(json(watch.history(quota, after)))
      })
      return [
        page,
        HttpRouter.route("GET", `${path}/state`, answer("data", Effect.map(watch.state, json))),
        HttpRouter.route("GET", `${path}/changes`, answer("data", Live.response(watch.events))),
        HttpRouter.route("GET", `${path}/history`, answer("data", history))
      ]
    })
  )
