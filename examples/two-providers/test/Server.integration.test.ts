import { NodeHttpServer } from "@effect/platform-node"
import { assert, it } from "@effect/vitest"
import { Effect, Layer } from "effect"
import { HttpClient, HttpRouter } from "effect/http"
import { Inbox } from "../src/Inbox.ts"
import { routes } from "../src/Routes.ts"

const message = { id: "thr_1", title: null, email: "ada@example.com", person: "Ada" }

it.live("serves the inbox over HTTP", () =>
  Effect.gen(function* () {
    const response = yield* HttpClient.get("/inbox")
    assert.strictEqual(response.status, 200)
    assert.deepStrictEqual(yield* response.json, { messages: [message], isDegraded: false })
    assert.strictEqual((yield* HttpClient.get("/")).status, 404)
  }).pipe(
    Effect.provide(
      HttpRouter.serve(routes, { disableLogger: true, disableListenLog: true }).pipe(
        Layer.provide(Layer.mock(Inbox, { newest: () => Effect.succeed({ messages: [message], isDegraded: false }) })),
        Layer.provideMerge(NodeHttpServer.layerTest)
      )
    )
  )
)
