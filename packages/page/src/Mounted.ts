/** What the routes of all views have in common: the page itself, who may ask, and what goes with every answer. */
import { Effect, Option } from "effect"
import { HttpMiddleware, HttpPlatform, HttpRouter, HttpServerRequest, HttpServerResponse } from "effect/http"
import * as Access from "./Access.ts"
import * as Document from "./Document.ts"
import * as Views from "./Views.ts"

/** Without the slash at its end; `""` is the root. */
export type Path = "" | `/${string}`

export interface Options {
  readonly view: Views.Name
  readonly path: Path
  readonly access: Access.Access
  readonly subject: Access.Subject
}

/** A path without the slash at its end. Throws `RangeError` for what is no plain path. */
export const pathOf = (path: string, { mountedBy }: Access.Subject, example: string): Path => {
  if (/^\/[\w.~/-]*$/.test(path) && !path.includes("//")) return path.replace(/\/$/, "") as Path
  throw new RangeError(
    `${mountedBy}: path takes a path such as ${JSON.stringify(example)}, but was given ${JSON.stringify(path)}.`
  )
}

/** Mounts a view on the router that the layer is built for. */
export const make = ({ access, path, subject, view }: Options) =>
  Effect.gen(function* () {
    const here: Views.View = { name: view, path }
    const views = Views.mount(yield* HttpRouter.HttpRouter, here)
    const parts = yield* Document.parts

    /** Answers whoever may ask, and tells others why not. */
    const answer = <E, R>(
      asks: Access.Asks,
      handler: Effect.Effect<HttpServerResponse.HttpServerResponse, E, R>
    ): Effect.Effect<HttpServerResponse.HttpServerResponse, E, R | HttpServerRequest.HttpServerRequest> =>
      Effect.gen(function* () {
        const why = Access.refusalOf(yield* HttpServerRequest.HttpServerRequest, access, asks, subject)
        return why === undefined ? yield* handler : no(403, why)
      }).pipe(Effect.map(HttpServerResponse.setHeaders(parts.headers)))

    // What else is mounted may be known only after this.
    const page = Effect.sync(() =>
      HttpServerResponse.text(Document.html(parts, here, views), { contentType: "text/html; charset=utf-8" })
    )
    return { answer, page: HttpRouter.route("GET", path === "" ? "/" : path, answer("page", compressed(page))) }
  })

/** Why something is not answered, as JSON. */
export const no = (status: number, error: string): HttpServerResponse.HttpServerResponse =>
  HttpServerResponse.jsonUnsafe({ error }, { status })

/** By what the platform can, if it can; the page holds nothing that its length could betray. */
const compressed = (page: Answering): Answering =>
  Effect.flatMap(Effect.serviceOption(HttpPlatform.HttpPlatform), (platform) =>
    Option.isNone(platform)
      ? page
      : HttpMiddleware.compression({ levels: { br: 5 } })(page).pipe(
          Effect.provideService(HttpPlatform.HttpPlatform, platform.value)
        )
  )

type Answering = Effect.Effect<HttpServerResponse.HttpServerResponse, never, HttpServerRequest.HttpServerRequest>
