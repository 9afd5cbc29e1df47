import { readFileSync } from "node:fs"
import { assert, describe, it } from "@effect/vitest"
import { Claim, Pipeline, type Provider, Quota, RateLimited, RateLimiter, Signal } from "@sluice/core"
import * as Telemetry from "@sluice/core/Telemetry"
import { Effect, Fiber, Layer, Metric, Redacted, Schema, Stream, Tracer } from "effect"
import { HttpClient, HttpClientResponse } from "effect/http"
import { TestClock, TestConsole } from "effect/testing"
import { expect } from "vitest"
import * as Snippets from "./telemetry.ts"

const page = readFileSync(new URL("../telemetry.md", import.meta.url), "utf8")
/** What stands in the cells of a table's rows, by the name in the first of them. */
const rows = new Map(
  page
    .split("\n")
    .filter((line) => line.startsWith("| `"))
    .map((line) => {
      const [, name = "", ...cells] = line.split("|").map((cell) => cell.trim())
      return [name.replaceAll("`", ""), cells]
    })
)
const namesIn = (text: string) => [...text.matchAll(/`([\w.]+)`/g)].map(([, name = ""]) => name)

class AcmeRateLimited extends Schema.TaggedError<AcmeRateLimited>()("AcmeRateLimited", RateLimited.fields) {}

const acme: Provider.Provider<AcmeRateLimited, { readonly rate: Quota.Quota }> = {
  id: "acme",
  docs: { url: "https://acme.test/limits", readOn: "2026-11-22" },
  baseUrl: "https://acme.test/api",
  authorization: "Bearer",
  quotas: { rate: Quota.rolling(2, "1 second", { name: "rate" }) },
  classify: (_request, quotas) => [Claim.need(quotas.rate)],
  reads: "errors",
  repeatsRefused: () => true,
  decode: (wire) => {
    const signal = Signal.fromHeaders(wire.headers)
    if (wire.status !== 429) return { signal }
    const read = RateLimited.refused("acme", wire, signal)
    return { signal: read.signal, refusal: new AcmeRateLimited(read.common) }
  }
}

/** A server that says that others use the key, refuses, and then answers nothing any more. */
const server = Layer.sync(HttpClient.HttpClient, () => {
  let requests = 0
  return HttpClient.make((request) => {
    requests++
    const told = { "x-ratelimit-limit": "2", "x-ratelimit-remaining": "0" }
    if (requests === 1) return Effect.succeed(HttpClientResponse.fromWeb(request, new Response("", { headers: told })))
    const refusal = new Response("no", { status: 429, headers: { "retry-after": "50" } })
    if (requests === 2) return Effect.succeed(HttpClientResponse.fromWeb(request, refusal))
    return requests <= 4 ? Effect.succeed(HttpClientResponse.fromWeb(request, new Response())) : Effect.never
  })
})

/** Everything that a limiter tells of calls that meet everything. */
const told = Effect.gen(function* () {
  const spans: Array<Tracer.NativeSpan> = []
  const tracer = Tracer.make({
    span: (options) => {
      const span = new Tracer.NativeSpan(options)
      spans.push(span)
      return span
    }
  })
  const events: Array<RateLimiter.LimiterEvent> = []
  yield* RateLimiter.events.pipe(
    Stream.runForEach((event) => Effect.sync(() => events.push(event))),
    Effect.forkChild({ startImmediately: true })
  )
  const client = yield* Pipeline.make(acme, { apiKey: Redacted.make("key") })
  const calls = Effect.gen(function* () {
    yield* client.get("/1")
    const again = yield* Effect.forkChild(client.get("/2"))
    yield* Effect.sleep("10 seconds")
    yield* client.get("/3")
    yield* Fiber.join(again)
    yield* Effect.sleep("1 minute")
    const lost = yield* Effect.forEach(["/4", "/5"], (path) =>
      Effect.forkChild(client.get(path), { startImmediately: true })
    )
    yield* Effect.ignore(RateLimiter.within(client.get("/6"), "30 seconds"))
    yield* Fiber.interruptAll(lost)
    yield* Effect.sleep("1 second")
  })
  const fiber = yield* Effect.forkChild(Effect.withTracer(calls, tracer), { startImmediately: true })
  for (let i = 0; i < 600 && fiber.pollUnsafe() === undefined; i++) {
    yield* Effect.promise(() => new Promise((resolve) => setImmediate(resolve)))
    yield* TestClock.adjust("1 second")
  }
  return { events, metrics: yield* Metric.snapshot, spans: spans.filter(({ name }) => name.startsWith("sluice.")) }
}).pipe(
  Effect.provide(
    Layer.mergeAll(
      server,
      Telemetry.layerMetrics().pipe(Layer.provideMerge(RateLimiter.layerWith({ longWait: "20 seconds" })))
    )
  ),
  Effect.provideService(Metric.MetricRegistry, new Map())
)

const keysOf = <T extends { readonly [key: string]: unknown }>(all: ReadonlyArray<T>, name: (each: T) => string) => {
  const keys = new Map<string, Set<string>>()
  for (const each of all) keys.set(name(each), new Set([...(keys.get(name(each)) ?? []), ...Object.keys(each)]))
  return keys
}

describe("docs/telemetry.md", () => {
  it.effect(
    "has each metric with its type, unit and labels, each span with its attributes, each event with its fields",
    () =>
      Effect.gen(function* () {
        const { events, metrics, spans } = yield* told
        const known = new Set<string>()
        for (const { attributes, id, type } of metrics) {
          const { unit, ...labels } = attributes ?? {}
          const [kind, unitTold, labelsTold = ""] = rows.get(id) ?? []
          assert.deepStrictEqual(
            [kind, unitTold, new Set(namesIn(labelsTold))],
            [type.toLowerCase(), unit, new Set(Object.keys(labels))],
            id
          )
          known.add(id)
        }
        const attributes = keysOf(
          spans.map((span) => ({ ...Object.fromEntries(span.attributes), name: span.name })),
          ({ name }) => name
        )
        for (const [name, keys] of attributes) {
          keys.delete("name")
          assert.sameMembers(namesIn(rows.get(name)?.[1] ?? ""), [...keys], name)
          known.add(name)
        }
        for (const [name, , fields] of spans.flatMap((span) => span.events)) {
          for (const each of [name, ...Object.keys(fields ?? {})]) assert.include(page, `\`${each}\``)
        }
        assert.include(
          spans.flatMap((span) => span.events.map(([name]) => name)),
          "sluice.long_wait"
        )
        for (const [name, keys] of keysOf(
          events.map((event) => ({ ...event })),
          ({ _tag }) => String(_tag)
        )) {
          keys.delete("_tag")
          keys.delete("partition")
          assert.sameMembers(namesIn(rows.get(name)?.[1] ?? ""), [...keys], name)
          known.add(name)
        }
        assert.sameMembers([...rows.keys()], [...known], "nothing else is on the page")
      })
  )
})

it.effect("explains a call that was sent away, as docs/telemetry.md shows it", () =>
  Effect.gen(function* () {
    yield* Snippets.explained
    const lines = yield* TestConsole.logLines
    yield* Effect.promise(() => expect(`${lines.join("\n")}\n`).toMatchFileSnapshot("out/explained.txt"))
  }).pipe(Effect.provide([RateLimiter.layer, TestConsole.layer]))
)

it.effect("logs an event as a line", () =>
  Effect.gen(function* () {
    const claim = Claim.make({ needs: [Claim.need(Quota.rolling(1, "1 second", { name: "rate" }))], partition: "acme" })
    yield* Effect.ignore(
      Effect.replicateEffect(Effect.void.pipe(RateLimiter.withPermit(claim), RateLimiter.failFast), 2)
    )
    yield* TestClock.adjust(1)
    const [line] = yield* TestConsole.logLines
    assert.match(
      String(line),
      /message="a call was not admitted" .*event=TurnedAway .*reason=DeadlineExceeded quota=rate/
    )
  }).pipe(Effect.provide(Layer.provideMerge(Snippets.logged, TestConsole.layer)))
)
