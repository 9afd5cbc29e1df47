import { NodeHttpClient } from "@effect/platform-node"
import { assert, describe, it } from "@effect/vitest"
import { Latency } from "@sluice/simulator"
import { Effect, Fiber, Option } from "effect"
import { HttpClient } from "effect/http"
import { TestConsole } from "effect/testing"
import * as Catalogue from "@sluice/cli/Catalogue"
import * as Simulate from "@sluice/cli/Simulate"

const options = { providers: [], port: 0, speed: 1, seed: 1, before: 0, after: 0, isJson: true }

describe("Simulate.run", () => {
  it.live("serves every provider of the package at the address that it prints", () =>
    Effect.gen(function* () {
      const fiber = yield* Effect.forkChild(Simulate.run(options))
      const printed = yield* Effect.repeat(Effect.delay(TestConsole.logLines, 10), {
        until: (lines) => lines.length > 0
      })
      const { providers } = JSON.parse(String(printed[0])) as {
        readonly providers: ReadonlyArray<{ readonly id: string; readonly url: string; readonly curl: string }>
      }
      assert.deepStrictEqual(
        providers.map(({ id }) => id),
        yield* Catalogue.ids
      )
      for (const { curl, id, url } of providers) {
        const [, scheme, target = ""] = /'Authorization: (\S+ demo)' (\S+)$/.exec(curl) ?? []
        assert.isTrue(target.startsWith(`${url}/`), curl)
        const { status } = yield* HttpClient.get(target, { headers: { authorization: scheme } })
        if (!curl.includes(" -X ")) assert.strictEqual(status, 200, id)
      }
      yield* Fiber.interrupt(fiber)
    }).pipe(Effect.provide([TestConsole.layer, NodeHttpClient.layerUndici]))
  )

  it.live("names the known providers when it is asked for another", () =>
    Effect.gen(function* () {
      const error = yield* Effect.flip(Simulate.run({ ...options, providers: ["attio", "nobody"] }))
      const known = (yield* Catalogue.ids).join(", ")
      assert.strictEqual(error.userMessage, `There is no provider "nobody". The known ones are ${known}.`)
    })
  )

  it.live("says which port is taken", () =>
    Effect.gen(function* () {
      const { createServer } = yield* Effect.promise(() => import("node:http"))
      const other = createServer()
      const port = yield* Effect.callback<number>((resume) => {
        other.listen(0, "127.0.0.1", () => {
          const address = other.address()
          resume(Effect.succeed(typeof address === "object" && address !== null ? address.port : 0))
        })
      })
      const error = yield* Effect.flip(Simulate.run({ ...options, port }))
      assert.match(error.userMessage ?? "", new RegExp(`^Port ${port} of 127.0.0.1 cannot be served: .*EADDRINUSE`))
      other.close()
    })
  )

  it.live("refuses a speed that cannot be", () =>
    Effect.gen(function* () {
      const error = yield* Effect.flip(Simulate.run({ ...options, speed: -2 }))
      assert.match(error.userMessage ?? "", /speed takes a number above 0/)
    })
  )
})

describe("Simulate.latencyFromText", () => {
  it.each([
    ["20ms", Latency.constant(20)],
    ["20", Latency.constant(20)],
    ["1.5s", Latency.constant(1500)],
    ["5ms..50ms", Latency.uniform(5, 50)],
    ["5 .. 1 s", Latency.uniform(5, 1000)]
  ])("reads %s", (text, latency) => {
    assert.deepStrictEqual(Simulate.latencyFromText(text), Option.some<Latency.Input>(latency))
  })

  it.each(["", "fast", "5ms..", "50ms..5ms", "1..2..3", "-5ms"])("does not read %s", (text) => {
    assert.deepStrictEqual(Simulate.latencyFromText(text), Option.none())
  })
})
