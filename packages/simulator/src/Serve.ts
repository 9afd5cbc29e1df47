/** Simulated providers over real HTTP. The only file that needs Node. */
import { createServer } from "node:http"
import * as NodeHttpServer from "@effect/platform-node/NodeHttpServer"
import { Effect, type Scope } from "effect"
import { HttpMiddleware, HttpServer, HttpServerRequest, HttpServerResponse } from "effect/http"
import type { ServeError } from "effect/http/HttpServerError"
import { exchange } from "./Exchange.ts"
import * as Server from "./Server.ts"
import * as Stats from "./Stats.ts"

export interface ServeOptions {
  /** Default 0: the system picks a free one. */
  readonly port?: number
  /** Whether pages of any origin may call it and read every header of its answers. Default false. */
  readonly cors?: boolean
}

export interface Served {
  /** Of a single simulation its base URL; of several the origin that all of them share. */
  readonly url: string
  /** The base URL of each simulation by its id. */
  readonly urls: Readonly<Record<string, string>>
  readonly stats: Effect.Effect<Stats.Stats>
}

export const serve = Effect.fnUntraced(function* (
  servers: ReadonlyArray<Server.Server>,
  options: ServeOptions = {}
): Effect.fn.Return<Served, ServeError, Scope.Scope> {
  const http = yield* NodeHttpServer.make(createServer, {
    host: "127.0.0.1",
    port: options.port ?? 0,
    // Of a thousand connections at once, Node's 511 would let the rest try again after a second.
    backlog: 4096,
    gracefulShutdownTimeout: "100 millis"
  })
  const app = application(mounts(servers))
  // A browser asks for leave before a request; such a question reaches no simulation and is not counted.
  yield* http.serve(options.cors ? HttpMiddleware.cors({ exposedHeaders: ["*"], maxAge: 600 })(app) : app)
  const origin = HttpServer.formatAddress(http.address).replace(/\/+$/, "")
  const only = servers.length === 1 ? servers[0] : undefined
  return {
    url: only === undefined ? origin : origin + only.basePath,
    urls: Object.fromEntries(
      servers.map((server) => [server.simulation.id, `${origin}/${server.simulation.id}${server.basePath}`])
    ),
    stats: Effect.sync(() => Stats.merge(servers.map((server) => server.stats())))
  }
})

interface Mount {
  readonly path: string
  readonly servers: ReadonlyArray<Server.Server>
}

/** Under each id its own simulation; at the root all stats, and the simulation itself if there is but one. */
const mounts = (servers: ReadonlyArray<Server.Server>): ReadonlyArray<Mount> => [
  ...servers.map((server) => ({ path: `/${server.simulation.id}`, servers: [server] })),
  { path: "", servers }
]

const application = Effect.fnUntraced(function* (mounted: ReadonlyArray<Mount>) {
  const incoming = yield* HttpServerRequest.HttpServerRequest
  const url = new URL(incoming.url, "http://127.0.0.1")
  for (const { path, servers } of mounted) {
    const rest = Server.below(path, url.pathname)
    if (rest === undefined) continue
    if (rest === "/__stats" && incoming.method === "GET") return statsOf(servers)
    const server = servers.length === 1 ? servers[0] : undefined
    const below = server === undefined ? undefined : Server.below(server.basePath, rest)
    if (server !== undefined && below !== undefined) return yield* answer(server, incoming, below, url.searchParams)
  }
  return HttpServerResponse.jsonUnsafe(
    { error: "not_found", message: `Nothing is simulated at ${url.pathname}.` },
    { status: 404 }
  )
})

const answer = Effect.fnUntraced(function* (
  server: Server.Server,
  incoming: HttpServerRequest.HttpServerRequest,
  path: string,
  query: URLSearchParams
) {
  const text = yield* incoming.text
  const request = { method: incoming.method, path, query, headers: incoming.headers, body: text }
  // Handlers are not interrupted when the client goes away, unless they say that they may be.
  const { status, headers, body } = yield* Effect.interruptible(exchange(server, request))
  return body === ""
    ? HttpServerResponse.empty({ status, headers })
    : HttpServerResponse.text(body, { status, headers, contentType: headers["content-type"] ?? "text/plain" })
})

const statsOf = (servers: ReadonlyArray<Server.Server>) =>
  HttpServerResponse.jsonUnsafe(Stats.masked(Stats.merge(servers.map((server) => server.stats()))))
