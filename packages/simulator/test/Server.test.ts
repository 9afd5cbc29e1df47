import { assert, describe, it } from "@effect/vitest"
import type { Request } from "@sluice/core/Simulation"
import { Scenario, Server, Stats } from "@sluice/simulator"
import { simulation } from "./Bakery.ts"

const request = (method: string, path: string, rest: Partial<Request> = {}): Request => ({
  method,
  path,
  query: new URLSearchParams(),
  headers: { authorization: "k" },
  body: "",
  ...rest
})

const server = (scenario: Scenario.Input = {}, routes = simulation.routes) =>
  Server.make({ ...simulation, routes }, Scenario.make(scenario), 0)

const date = (skew: number, now: number) => server({ skew }).arrive(request("GET", "/loaves"), now).headers["date"]

describe("Server", () => {
  it("routes by method and template, and hands over what the template names", () => {
    const { arrive } = server()
    assert.strictEqual(arrive(request("GET", "/loaves"), 0).body, `{"loaves":[]}`)
    assert.strictEqual(arrive(request("GET", "/loaves/a%20b"), 2000).body, `{"id":"a b"}`)
    assert.strictEqual(arrive(request("GET", "/loaves/%zz"), 4000).body, `{"id":"%zz"}`)
    assert.strictEqual(arrive(request("POST", "/loaves", { body: "rye" }), 0).body, `{"sequence":3,"got":"rye"}`)
    assert.strictEqual(arrive(request("DELETE", "/loaves/1"), 6000).body, "")
  })

  it("answers 404 in JSON to what it does not have, and counts it", () => {
    const { arrive, stats } = server()
    for (const path of ["/loaves/", "/loaves/1/crumbs", "/"]) arrive(request("PUT", path), 0)
    const { status, headers, body } = arrive(request("GET", "/loaf"), 5000)
    assert.strictEqual(status, 404)
    assert.strictEqual(headers["content-type"], "application/json")
    assert.include(body, "The simulation has no GET /loaf.")
    assert.strictEqual(headers["x-remaining-reads"], "1")
    assert.strictEqual(stats().unrouted, 3)
    assert.strictEqual(stats().refusals, 1)
  })

  it("does not take emptiness for what a template names", () => {
    const { arrive } = server({}, [{ method: "GET", path: "/loaves/:id/crumbs", handle: () => ({ status: 200 }) }])
    assert.strictEqual(arrive(request("GET", "/loaves/1/crumbs"), 0).status, 200)
    assert.strictEqual(arrive(request("GET", "/loaves//crumbs"), 0).status, 404)
  })

  it("writes rate headers on answers and refusals, and the refusal in the provider's words", () => {
    const { arrive } = server()
    assert.strictEqual(arrive(request("GET", "/loaves"), 0).headers["x-remaining-reads"], "1")
    assert.strictEqual(arrive(request("GET", "/loaves"), 300).headers["x-remaining-reads"], "0")
    assert.deepStrictEqual(arrive(request("GET", "/loaves"), 999), {
      status: 429,
      headers: {
        "content-type": "application/json",
        date: "Thu, 01 Jan 1970 00:00:00 GMT",
        "retry-after": "1",
        "x-remaining-daily": "3",
        "x-remaining-reads": "0"
      },
      body: `{"error":"too_many","quotas":["reads"]}`
    })
    assert.strictEqual(arrive(request("GET", "/loaves"), 1000).status, 200)
  })

  it("answers what it intercepts without counting", () => {
    const { arrive, stats } = server()
    for (let now = 0; now < 5; now++)
      assert.strictEqual(arrive(request("GET", "/loaves", { headers: {} }), now).status, 401)
    assert.isUndefined(arrive(request("GET", "/loaves", { headers: {} }), 5).headers["x-remaining-reads"])
    assert.strictEqual(arrive(request("GET", "/loaves"), 5).headers["x-remaining-reads"], "1")
    assert.deepInclude(stats(), { requests: 7, intercepted: 6, refusals: 0 })
  })

  it("dates every response by its own clock, truncated to the second", () => {
    assert.strictEqual(date(0, 1999), "Thu, 01 Jan 1970 00:00:01 GMT")
    assert.strictEqual(date(1, 1999), "Thu, 01 Jan 1970 00:00:02 GMT")
    assert.strictEqual(date(-3_600_000, 1_795_320_000_000), new Date(1_795_320_000_000 - 3_600_000).toUTCString())
  })

  it("gives the numbers to itself only: another server of the same simulation starts afresh", () => {
    const remember = server({}, [
      {
        method: "GET",
        path: "/visits",
        handle: (_request, _params, { memory }) => {
          const visits = Number(memory.get("visits") ?? 0) + 1
          memory.set("visits", visits)
          return { status: 200, body: String(visits) }
        }
      }
    ])
    assert.deepStrictEqual(
      [remember.arrive(request("GET", "/visits"), 0).body, remember.arrive(request("GET", "/visits"), 0).body],
      ["1", "2"]
    )
    assert.strictEqual(server().arrive(request("GET", "/loaves"), 0).status, 200)
  })

  it("does not count backwards when the wall clock is set back", () => {
    const { arrive, stats } = server()
    arrive(request("GET", "/loaves"), 10_000)
    arrive(request("GET", "/loaves"), 10_000)
    assert.strictEqual(arrive(request("GET", "/loaves"), 4000).status, 429)
    assert.isTrue(stats().timeline.every((point) => point.atMillis === 10_000))
  })

  it("holds a concurrency place until the response has arrived", () => {
    const { arrive } = server()
    assert.strictEqual(arrive(request("POST", "/loaves"), 0, 80).status, 201)
    assert.strictEqual(arrive(request("POST", "/loaves"), 79, 99).status, 429)
    assert.strictEqual(arrive(request("POST", "/loaves"), 80, 99).status, 201)
  })

  it("counts by quota and by key, and draws up a timeline", () => {
    const { arrive, stats } = server()
    for (const now of [0, 1, 2]) arrive(request("GET", "/loaves"), now)
    arrive(request("GET", "/loaves", { headers: { authorization: "other" } }), 3)
    const { quotas, keys, timeline, dropped } = stats()
    assert.deepStrictEqual(quotas["bakery"]?.["reads"], { counted: 3, refused: 1, units: 3, foreign: 0 })
    assert.deepStrictEqual(quotas["bakery"]?.["daily"], { counted: 3, refused: 0, units: 3, foreign: 0 })
    assert.deepStrictEqual(keys["bakery"], { k: { requests: 3, refusals: 1 }, other: { requests: 1, refusals: 0 } })
    assert.deepStrictEqual(
      timeline.map((point) => `${point.atMillis} ${point.quota} ${point.key} ${point.isRefused}`),
      [
        "0 reads k false",
        "0 daily k false",
        "1 reads k false",
        "1 daily k false",
        "2 reads k true",
        "3 reads other false",
        "3 daily other false"
      ]
    )
    assert.strictEqual(dropped, 0)
  })
})

const point = (atMillis: number) => ({
  atMillis,
  quota: "q",
  key: "k",
  cost: 1,
  isRefused: false,
  isForeign: false
})

describe("Stats", () => {
  it("keeps the newest points and says how many it dropped", () => {
    const { point, stats } = Stats.recorder("bakery", 3)
    for (let atMillis = 0; atMillis < 10; atMillis++) {
      point({ atMillis, quota: "reads", key: "k", cost: 1, isRefused: false, isForeign: false })
      assert.strictEqual(stats().timeline.length + stats().dropped, atMillis + 1)
    }
    assert.deepStrictEqual(
      stats().timeline.map((kept) => kept.atMillis),
      [7, 8, 9]
    )
    assert.strictEqual(stats().quotas["bakery"]?.["reads"]?.counted, 10)
  })

  it("merges several servers in the order of time", () => {
    const [left, right] = [Stats.recorder("left"), Stats.recorder("right")]
    for (const at of [0, 5]) left.point(point(at))
    right.point(point(3))
    right.request(["k"], true)
    const merged = Stats.merge([left.stats(), right.stats()])
    assert.deepStrictEqual(
      merged.timeline.map(({ simulation, atMillis }) => [simulation, atMillis]),
      [
        ["left", 0],
        ["right", 3],
        ["left", 5]
      ]
    )
    assert.deepStrictEqual([merged.requests, merged.refusals, Object.keys(merged.quotas)], [1, 1, ["left", "right"]])
  })

  it("shows no key once masked, and the same fingerprint for the same key", () => {
    const { point, request, stats } = Stats.recorder("bakery")
    point({ atMillis: 0, quota: "q", key: "sk_secret", cost: 1, isRefused: false, isForeign: false })
    request(["sk_secret"], false)
    const masked = Stats.masked(stats())
    assert.notInclude(JSON.stringify(masked), "sk_secret")
    assert.deepStrictEqual(
      Object.keys(masked.keys["bakery"] ?? {}),
      masked.timeline.map(({ key }) => key)
    )
  })
})
