/** Which simulation a request to a real address is meant for, and how it gets to that simulation's server. */
import { Effect } from "effect"
import { HttpClient, HttpClientError, HttpClientRequest } from "effect/http"
import * as Server from "./Server.ts"

/** A simulation, and the path below its base URL. */
export interface Found {
  readonly server: Server.Server
  readonly path: string
}

/** Finds by origin and path, the longest path first, so that a provider may live below another one's. */
export const finder = (servers: ReadonlyArray<Server.Server>) => {
  const homes = servers
    .toSorted((left, right) => right.basePath.length - left.basePath.length)
    .map((server) => [server, new URL(server.simulation.baseUrl).origin] as const)
  return (
    request: HttpClientRequest.HttpClientRequest,
    url: URL
  ): Effect.Effect<Found, HttpClientError.HttpClientError> => {
    for (const [server, origin] of homes) {
      const path = origin === url.origin ? Server.below(server.basePath, url.pathname) : undefined
      if (path !== undefined) return Effect.succeed({ server, path })
    }
    const description = `no simulation lives at ${url.origin}${url.pathname}, only at ${servers.map(baseUrlOf).join(", ")}`
    return failed(new HttpClientError.TransportError({ request, description }))
  }
}

/**
 * The same client, whose requests go to where each simulation is served, by its id. Whatever stands above it sees real
 * addresses only; a response tells where it came from, and whoever repeats its request gets there again.
 */
export const to = (
  urls: Readonly<Record<string, string>>,
  servers: ReadonlyArray<Server.Server>,
  client: HttpClient.HttpClient
): HttpClient.HttpClient => {
  const find = finder(servers)
  const origins = new Set(Object.values(urls).map((url) => new URL(url).origin))
  const rerouted = (request: HttpClientRequest.HttpClientRequest) => {
    const url = URL.parse(request.url)
    if (!url) return failed(new HttpClientError.InvalidUrlError({ request, description: "the address has no origin" }))
    if (origins.has(url.origin)) return Effect.succeed(request)
    return Effect.map(find(request, url), ({ path, server }) =>
      HttpClientRequest.setUrl(request, `${urls[server.simulation.id]}${path}${url.search}${url.hash}`)
    )
  }
  return HttpClient.makeWith<HttpClientError.HttpClientError, never, HttpClientError.HttpClientError, never>(
    (prepared) => prepared.pipe(Effect.flatMap(rerouted), Effect.flatMap(client.execute)),
    Effect.succeed
  )
}

const failed = (reason: HttpClientError.HttpClientError["reason"]) =>
  Effect.fail(new HttpClientError.HttpClientError({ reason }))

const baseUrlOf = (server: Server.Server) => server.simulation.baseUrl
