import { assert, describe, it } from "@effect/vitest"
import { simulation } from "@sluice/providers/prayerletters/simulation"
import { Scenario, Server } from "@sluice/simulator"

const request = (method: string, path: string, headers: Readonly<Record<string, string>> = {}) => ({
  method,
  path,
  query: new URLSearchParams(),
  headers: { authorization: "Bearer t", ...headers },
  body: "{}"
})
const server = () => Server.make(simulation, Scenario.make(), 0)

describe("simulation", () => {
  it("refuses the fifth replacement within an hour, and says by which limit", () => {
    const { arrive } = server()
    for (let i = 0; i < 4; i++) assert.strictEqual(arrive(request("PUT", "/v1/contacts"), i).status, 200)
    const refused = arrive(request("PUT", "/v1/contacts"), 3_599_999)
    assert.strictEqual(refused.status, 429)
    const body: unknown = typeof refused.body === "string" ? JSON.parse(refused.body) : refused.body
    assert.deepInclude(body, { limit_exceeded: "hour", limits: { hour: 4, day: 12 } })
    assert.strictEqual(arrive(request("PUT", "/v1/contacts"), 3_600_000).status, 200)
  })

  it("counts each contact's day apart", () => {
    const { arrive } = server()
    for (let i = 0; i < 50; i++) assert.strictEqual(arrive(request("POST", "/v3/contacts/c-1"), i).status, 204)
    assert.strictEqual(arrive(request("POST", "/v3/contacts/c-1"), 50).status, 429)
    assert.strictEqual(arrive(request("POST", "/v3/contacts/c-2"), 51).status, 204)
  })

  it("honours test headers with the page's exceptions", () => {
    const { arrive } = server()
    const get = (headers: Readonly<Record<string, string>>) => arrive(request("GET", "/v1/contacts", headers), 1).status
    assert.strictEqual(get({ "x-ratelimit": "1" }), 429)
    assert.deepInclude(JSON.parse(arrive(request("PUT", "/v1/contacts", { "x-ratelimit": "yes" }), 1).body), {
      limit_exceeded: "hour",
      limits: { hour: 4, day: 12 }
    })
    assert.strictEqual(get({ "x-ratelimit": "0" }), 200)
    assert.strictEqual(get({ "x-ratelimit": " " }), 200)
    assert.strictEqual(get({ "x-ratelimit-hour": "2" }), 429)
    assert.strictEqual(get({ "x-ratelimit-hour": "3" }), 200)
    assert.strictEqual(get({ "x-ratelimit-hour": "51" }), 200)
    assert.strictEqual(get({ "x-ratelimit-minute": "1" }), 200)
  })

  it("wants credentials before it counts", () => {
    const answer = server().arrive({ ...request("GET", "/v1/contacts", { "x-ratelimit": "1" }), headers: {} }, 0)
    assert.strictEqual(answer.status, 401)
    assert.deepInclude(JSON.parse(answer.body), { status: "401", error: "invalid_request" })
  })
})
