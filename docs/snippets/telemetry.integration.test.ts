import { readFileSync } from "node:fs"
import { createServer } from "node:http"
import { NodeHttpServer } from "@effect/platform-node"
import { assert, describe, it } from "@effect/vitest"
import { Claim, Quota, RateLimiter, type Signal } from "@sluice/core"
import { Effect, Layer, Logger, Metric, Schema } from "effect"
import { FetchHttpClient, HttpClient, HttpServer, HttpServerRequest, HttpServerResponse } from "effect/http"
import * as Snippets from "./telemetry.ts"
import { problemsOf, type Scrape, scrapeOf } from "./Promql.ts"

/** A call that goes, one that waits, one that is turned away, and one that is refused. */
const traffic = Effect.gen(function* () {
  const claim = Claim.make({ needs: [Claim.need(Quota.rolling(1, 20, { name: "rate" }))], origin: "acme" })
  const call = (signal: Signal.Signal) => Effect.void.pipe(RateLimiter.withPermit(claim, { decode: () => signal }))
  yield* call({ readings: [] })
  yield* Effect.ignore(RateLimiter.failFast(call({ readings: [] })))
  yield* call({ readings: [] })
  yield* call({ readings: [], isRefusal: true })
})

/** What Prometheus gets of that traffic, over a socket. */
const scraped = Effect.gen(function* () {
  yield* traffic
  const { address } = yield* HttpServer.HttpServer
  if (!("port" in address)) return assert.fail(address._tag)
  const response = yield* HttpClient.get(`http://127.0.0.1:${address.port}/metrics`)
  return scrapeOf(yield* response.text)
}).pipe(
  Effect.provide(
    Snippets.metrics.pipe(
      Layer.provideMerge(NodeHttpServer.layer(createServer, { port: 0, host: "127.0.0.1" })),
      Layer.provideMerge(Snippets.limiter),
      Layer.provideMerge(FetchHttpClient.layer)
    )
  ),
  Effect.provide(Logger.layer([])),
  Effect.provideService(Metric.MetricRegistry, new Map())
)

const names = [
  "sluice_abandoned_total",
  "sluice_admitted_total",
  "sluice_closed_counters",
  "sluice_counters",
  "sluice_leases",
  "sluice_limit_units",
  "sluice_paused_total",
  "sluice_refused_total",
  "sluice_slots_units",
  "sluice_turned_away_total",
  "sluice_unexpected_total",
  "sluice_wait_seconds",
  "sluice_waiting_calls"
]

const Dashboard = Schema.Struct({
  panels: Schema.Array(
    Schema.Struct({ title: Schema.String, targets: Schema.Array(Schema.Struct({ expr: Schema.String })) })
  ),
  templating: Schema.Struct({
    list: Schema.Array(Schema.Struct({ name: Schema.String, definition: Schema.optional(Schema.String) }))
  })
})
const dashboard = Schema.decodeUnknownSync(Schema.fromJsonString(Dashboard))(
  readFileSync(new URL("../grafana/sluice.json", import.meta.url), "utf8")
)

/** `label_values` is Grafana's, and no PromQL. */
const problemsOfVariable = (definition: string, scrape: Scrape) => {
  const [, selector = "", label = ""] = /^label_values\((.*), (\w+)\)$/.exec(definition) ?? []
  return problemsOf(`sum by (${label}) (${selector})`, scrape)
}

describe("a scrape", () => {
  it.live("has every metric", () =>
    Effect.map(scraped, (scrape) => {
      const found = new Set([...scrape.keys()].map((name) => name.replace(/_(bucket|sum|count)$/, "")))
      assert.sameMembers([...found], names)
    })
  )

  it.live("answers every query of the dashboard, and shows every metric there", () =>
    Effect.map(scraped, (scrape) => {
      const expressions = dashboard.panels.flatMap(({ targets }) => targets.map(({ expr }) => expr))
      assert.isAbove(expressions.length, 12)
      for (const expression of expressions) assert.deepStrictEqual(problemsOf(expression, scrape), [], expression)
      const variables = dashboard.templating.list.flatMap(({ definition }) => definition ?? [])
      for (const variable of variables) assert.deepStrictEqual(problemsOfVariable(variable, scrape), [], variable)
      assert.lengthOf(variables, 2)
      for (const name of names)
        assert.isTrue(
          expressions.some((each) => each.includes(name)),
          `${name} is shown`
        )
    })
  )

  it.live("is missed by a name, a label, a value or a syntax that is wrong", () =>
    Effect.map(scraped, (scrape) => {
      for (const wrong of [
        "rate(sluice_admited_total[5m])",
        'sluice_admitted_total{quota="rate"}',
        'sluice_slots_units{state="warm"}',
        "sum by (quota) (sluice_admitted_total)",
        "sum by (le) (rate(sluice_wait_seconds_count[5m]))",
        "sum by (provider (sluice_admitted_total)"
      ]) {
        assert.isNotEmpty(problemsOf(wrong, scrape), wrong)
      }
    })
  )
})

describe("an OTLP receiver", () => {
  it.live("is told every metric with its unit, and spans", () =>
    Effect.gen(function* () {
      const received: Array<{ readonly path: string; readonly body: unknown }> = []
      const receiver = HttpServer.serve(
        Effect.gen(function* () {
          const request = yield* HttpServerRequest.HttpServerRequest
          received.push({ path: request.url, body: yield* request.json })
          return HttpServerResponse.jsonUnsafe({})
        })
      ).pipe(Layer.provideMerge(NodeHttpServer.layer(createServer, { port: 0, host: "127.0.0.1" })))
      yield* Effect.gen(function* () {
        const { address } = yield* HttpServer.HttpServer
        if (!("port" in address)) return assert.fail(address._tag)
        const otlp = Snippets.exported(`http://127.0.0.1:${address.port}`)
        yield* Effect.provide(traffic, Layer.provideMerge(Snippets.limiter, otlp), { local: true })
      }).pipe(Effect.provide(receiver), Effect.provideService(Metric.MetricRegistry, new Map()))
      const decode = Schema.decodeUnknownSync(Metrics)
      const metrics = received
        .filter(({ path }) => path === "/v1/metrics")
        .flatMap(({ body }) => decode(body).resourceMetrics)
        .flatMap(({ scopeMetrics }) => scopeMetrics.flatMap(({ metrics }) => metrics))
      const units = new Map(metrics.map(({ name, unit }) => [name, unit]))
      assert.sameMembers([...units.keys()], names)
      assert.strictEqual(units.get("sluice_wait_seconds"), "s")
      assert.strictEqual(units.get("sluice_admitted_total"), "{call}")
      const traces = JSON.stringify(received.filter(({ path }) => path === "/v1/traces"))
      assert.include(traces, '"sluice.admit"')
      assert.include(traces, '"sluice.wait_seconds"')
    })
  )
})

const Metrics = Schema.Struct({
  resourceMetrics: Schema.Array(
    Schema.Struct({
      scopeMetrics: Schema.Array(
        Schema.Struct({ metrics: Schema.Array(Schema.Struct({ name: Schema.String, unit: Schema.String })) })
      )
    })
  )
})
