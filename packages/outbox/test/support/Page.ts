/** A server on 127.0.0.1 with the status page of an outbox over Acme, whose server answers as it is told. */
import { createServer } from "node:http"
import { NodeHttpServer } from "@effect/platform-node"
import { RateLimiter } from "@sluice/core"
import { Outbox, OutboxStoreSqlite } from "@sluice/outbox"
import { Simulator } from "@sluice/simulator"
import { Effect, Layer } from "effect"
import { HttpRouter, HttpServer } from "effect/http"
import * as Acme from "./Acme.ts"
import * as Live from "./Live.ts"

/** The page's own server needs no simulation: what is sent goes to Acme, and what asks for the page comes by a socket. */
export const layer = (
  options: Outbox.PageOptions = {},
  mishaps: Parameters<typeof Acme.simulation>[1] = {},
  host = "127.0.0.1"
) =>
  HttpRouter.serve(Outbox.routes(options), { disableLogger: true, disableListenLog: true }).pipe(
    Layer.provideMerge(
      Outbox.layer([Acme], { drain: 0 }).pipe(
        Layer.provideMerge(OutboxStoreSqlite.layer({ filename: ":memory:" })),
        Layer.provide(Acme.layer),
        Layer.provide(RateLimiter.layer),
        Layer.provide(Simulator.layer(Acme.simulation([], mishaps), Live.scenario))
      )
    ),
    Layer.provideMerge(NodeHttpServer.layer(createServer, { port: 0, host }))
  )

/** Where the server is. */
export const origin = Effect.map(HttpServer.HttpServer, ({ address }) => HttpServer.formatAddress(address))
