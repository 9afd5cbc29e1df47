import { assert, describe, it } from "@effect/vitest"
import * as Claim from "@sluice/core/Claim"
import type { Decoded, Wire } from "@sluice/core/Provider"
import * as Quota from "@sluice/core/Quota"
import * as Signal from "@sluice/core/Signal"
import * as Conformance from "@sluice/simulator/conformance"
import { DateTime, Duration, Effect, Option } from "effect"
import { decode, PatisserieRateLimited, quotas, simulation, subject } from "./Patisserie.ts"

/** The violation of one check; dies if it passes. */
const caught = (id: string, broken: Conformance.Subject) =>
  Effect.gen(function* () {
    const check = Conformance.checks(broken).find((check) => check.id === id)
    assert.isDefined(check)
    const violation = yield* Effect.flip(check.run)
    assert.instanceOf(violation, Conformance.Violation)
    return violation
  })

/** That the check says so, in words that tell what is broken, by what, and what to do. */
const catches = (title: string, id: string, broken: () => Conformance.Subject, rule: RegExp, value: RegExp) =>
  it.effect(`catches a provider that ${title}`, () =>
    Effect.gen(function* () {
      const violation = yield* caught(id, broken())
      assert.match(violation.rule, rule)
      assert.match(violation.value, value)
      assert.isAbove(violation.advice.length, 20)
      for (const part of [violation.rule, violation.input, violation.value, violation.advice]) {
        assert.include(violation.message, part)
      }
    })
  )

const { reads } = quotas

describe("checks", () => {
  for (const check of Conformance.checks(subject())) {
    it.effect(`of a provider that conforms: it ${check.name}`, () => check.run)
  }
})

describe("value", () => {
  catches("has an id of two words", "value", () => subject({ id: "Fine Cakes" }), /id is one word/, /Fine Cakes/)
  catches(
    "promises to have read its page tomorrow",
    "value",
    () => subject({ docs: { url: "https://patisserie.test", readOn: "2999-01-01" } }),
    /docs are the address/,
    /2999/
  )
  catches(
    "has its client go elsewhere than its simulation lives",
    "value",
    () => subject({ baseUrl: "https://other.test" }),
    /simulation lives where/,
    /other\.test/
  )
  catches(
    "cites no source for a quota",
    "value",
    () => subject({ quotas: { ...quotas, reads: Quota.rolling(20, "1 second", { name: "reads" }) } }),
    /cites the page/,
    /no source/
  )
  catches(
    "names a quota otherwise than its key",
    "value",
    () => subject({ quotas: { ...quotas, writes: Quota.named(quotas.writes, "posts") } }),
    /named as its key/,
    /posts/
  )
  catches(
    "changes a quota by hand",
    "value",
    () => subject({ quotas: { ...quotas, reads: { ...reads, limit: 0.5 } } }),
    /what Quota.make builds/,
    /whole number/
  )
})

describe("classify", () => {
  catches(
    "throws for an address that is none",
    "classify",
    () => subject({ classify: ({ url }, own) => (new URL(url), [Claim.need(own.reads)]) }),
    /returns a list of draws/,
    /Invalid URL/
  )
  catches(
    "draws on a quota that it was not given",
    "classify",
    () => subject({ classify: (_request, own) => [Claim.need(own.reads), Claim.need(Quota.rolling(9, "1 minute"))] }),
    /on the quotas that classify is given/,
    /9 per 60000 ms/
  )
  catches(
    "does not look at the quotas that it is given",
    "classify",
    () => subject({ classify: () => [Claim.need(reads)] }),
    /Smaller quotas/,
    /20 per 1000 ms/
  )
  catches(
    "prices by a part of the request that need not be a number",
    "classify",
    () =>
      subject({
        classify: ({ url }, own) => [
          { ...Claim.need(own.reads), cost: Number(/limit=(\d*)/.exec(`${url}&limit=`)?.[1]) }
        ]
      }),
    /whole number of units/,
    /0 units/
  )
  catches(
    "draws twice on one counter",
    "classify",
    () => subject({ classify: (_request, own) => [Claim.need(own.reads), Claim.need(own.reads)] }),
    /no counter twice/,
    /ClaimError/
  )
  catches(
    "prices a request by what came before",
    "classify",
    () => {
      let calls = 0
      return subject({ classify: (_request, own) => [Claim.need(own.reads, { cost: 1 + (calls++ % 2) })] })
    },
    /same draws/,
    /reads\W+[12],.*reads\W+[12],/
  )
  catches(
    "asks for more than there can be",
    "classify",
    () => subject({ classify: (_request, own) => [Claim.need(own.reads, { cost: 21 })] }),
    /typical request fits/,
    /21 units of "reads", which has 20/
  )
})

describe("request", () => {
  it.effect("makes the request again that a violation names", () =>
    Effect.gen(function* () {
      const broken = subject({
        classify: ({ url }, own) => (decodeURIComponent(url), [Claim.need(own.reads)])
      })
      const { input, replay, rule } = yield* caught("classify", broken)
      assert.match(rule, /returns a list of draws/)
      assert.isDefined(replay)
      const { method, url } = Conformance.request(broken, replay.index)
      assert.throws(() => decodeURIComponent(url), URIError)
      assert.strictEqual(input, `${method} ${JSON.stringify(url)}`)
    })
  )
})

/** What `decode` gives, changed where it is a refusal. */
const decoding =
  (change: (decoded: Required<Decoded<PatisserieRateLimited>>, wire: Wire) => Decoded<PatisserieRateLimited>) =>
  (wire: Wire) => {
    const { refusal, signal } = decode(wire)
    return refusal ? change({ refusal, signal }, wire) : { signal }
  }

describe("decode", () => {
  catches(
    "throws where a body is no JSON",
    "decode",
    () => subject({ decode: decoding((decoded, { body }) => (JSON.parse(body), decoded)) }),
    /returns a signal for every answer/,
    /SyntaxError/
  )
  catches(
    "takes a refusal with another body for none",
    "decode",
    () =>
      subject({
        decode: decoding((decoded, { body }) => (body.includes("oven") ? decoded : { signal: decoded.signal }))
      }),
    /status 429 is the provider's refusal/,
    /no refusal/
  )
  catches(
    "reads numbers that are none",
    "decode",
    () =>
      subject({
        decode: (wire) => ({
          ...decode(wire),
          signal: { readings: [{ limit: Number(wire.headers["x-ratelimit-limit"]) }] }
        })
      }),
    /finite and not negative/,
    /limit is NaN/
  )
  catches(
    "tells the key in a message",
    "decode",
    () =>
      subject({
        decode: decoding(({ refusal, signal }, { request }) => ({
          signal,
          refusal: new PatisserieRateLimited({ ...refusal, note: Option.some(JSON.stringify(request.headers)) })
        }))
      }),
    /and not the key/,
    /sk_conformance/
  )
  catches(
    "keeps the key in a field of the error",
    "decode",
    () =>
      subject({
        decode: decoding(({ refusal, signal }, { request }) => ({
          signal,
          refusal: Object.assign(refusal, { cause: new Error("refused", { cause: request.headers }) })
        }))
      }),
    /tells the key/,
    /cause/
  )
  catches(
    "keeps the body only where it could read it",
    "decode",
    () =>
      subject({
        decode: decoding(({ refusal, signal }) => ({
          signal,
          refusal: new PatisserieRateLimited({ ...refusal, raw: Option.isSome(refusal.note) ? refusal.raw : "" })
        }))
      }),
    /raw is the body/,
    /""/
  )
  catches(
    "remembers where it stopped in another answer",
    "decode",
    () => {
      const oven = /oven/g
      return subject({
        decode: decoding(({ refusal, signal }, { body }) => ({
          signal: { ...signal, closes: oven.test(body) ? ["reads"] : [] },
          refusal
        }))
      })
    },
    /decoded alike/,
    /closes/
  )
  catches(
    "has the caller wait, and the limiter go on",
    "decode",
    () => subject({ decode: decoding(({ refusal }) => ({ refusal, signal: { readings: [] } })) }),
    /says when to come back if its error does/,
    /signal's retry undefined/
  )
  catches(
    "sees a refusal in an answer whose body it does not ask for",
    "decode",
    () => subject({ decode: (wire) => decode({ ...wire, status: wire.status === 302 ? 429 : wire.status }) }),
    /refuses with no status below 400/,
    /PatisserieRateLimited/
  )
  catches(
    "waits until one instant and tells another",
    "decode",
    () =>
      subject({
        decode: decoding(({ refusal, signal }) => ({
          signal,
          refusal: new PatisserieRateLimited({
            ...refusal,
            retryAt: Option.map(refusal.retryAfter, (after) => DateTime.makeUnsafe(Duration.toMillis(after)))
          })
        }))
      }),
    /retryAt is retryAfter/,
    /retryAt 3000/
  )

  it.effect("catches a provider that lets a body change what all objects inherit", () =>
    Effect.gen(function* () {
      const polluting = (wire: Wire) => {
        const copy: Record<string, unknown> = {}
        if (wire.body.includes("__proto__")) Object.assign(Reflect.get(copy, "__proto__") ?? {}, { polluted: true })
        return decode(wire)
      }
      const violation = yield* Effect.ensuring(
        caught("decode", subject({ decode: polluting })),
        Effect.sync(() => Reflect.deleteProperty(Object.prototype, "polluted"))
      )
      assert.match(violation.rule, /what all objects inherit/)
    })
  )

  it.effect("shows the smallest answer that breaks the rule, and makes its origin again from seed and case", () =>
    Effect.gen(function* () {
      const isBad = ({ body, headers }: Wire) => headers["retry-after"] === "NaN" && body.includes("oven")
      const unlucky = (wire: Wire) => {
        if (isBad(wire)) throw new Error("unlucky")
        return decode(wire)
      }
      const broken = subject({ decode: unlucky }, { seed: 3, fuzz: 20_000 })
      const { input, replay } = yield* caught("decode", broken)
      assert.isDefined(replay)
      assert.strictEqual(replay.seed, 3)
      assert.isTrue(isBad(Conformance.wire(broken, replay.index)))
      const { body, headers } = JSON.parse(input)
      assert.deepStrictEqual({ body, headers }, { body: "oven", headers: { "retry-after": "NaN" } })
    })
  )
})

describe("speed", () => {
  const slow = (pattern: RegExp) => () =>
    subject({ decode: decoding((decoded, { body }) => (pattern.test(body), decoded)) })
  catches("searches for ever", "speed", slow(/^(\w+\s?)*$/), /at most \d+ ms/, /^\d+ ms$/)
  catches("searches from each place to the end", "speed", slow(/\d+ requests/), /at most \d+ ms/, /^\d+ ms$/)
})

const shorter = (retry: Signal.Instant | undefined) =>
  retry && { ...retry, millis: Math.floor(retry.millis / 2), toleranceMillis: 0 }

describe("wait", () => {
  catches(
    "waits half as long as it is told",
    "wait",
    () =>
      subject({
        decode: decoding(({ refusal, signal }, { receivedAtMillis }) => {
          const after = Option.map(refusal.retryAfter, (after) => Duration.times(after, 0.5))
          const retryAt = Option.map(after, (after) => DateTime.makeUnsafe(receivedAtMillis + Duration.toMillis(after)))
          return { signal, refusal: new PatisserieRateLimited({ ...refusal, retryAfter: after, retryAt }) }
        })
      }),
    /as long as a Retry-After/,
    /where \d+ are told/
  )
  catches(
    "tells the wait to its caller, and the limiter less",
    "wait",
    () =>
      subject({
        decode: decoding(({ refusal, signal }) => {
          const retry = shorter(signal.retry)
          const { retry: _, ...said } = signal
          return { refusal, signal: retry ? { ...said, retry } : said }
        })
      }),
    /holds others back as long/,
    /where \d+ are told/
  )
  catches(
    "has a simulation that rounds the wait down",
    "wait",
    () =>
      subject(
        {
          decode: (wire) =>
            decode(wire.headers["retry-after"] === "0" ? { ...wire, headers: { "retry-after": "0.001" } } : wire)
        },
        {
          simulation: {
            ...simulation,
            refuse: (refused, request, context) => ({
              ...simulation.refuse(refused, request, context),
              headers: { "Retry-After": "0" }
            })
          }
        }
      ),
    /until the same request has room/,
    /room after \d+/
  )

  catches(
    "closes nothing when it is refused",
    "wait",
    () => subject({ decode: decoding(({ refusal, signal }) => ({ refusal, signal: { ...signal, closes: [] } })) }),
    /holds the same request back/,
    /admitted after \d+ ms, where 90000 are told/
  )
})

describe("admission", () => {
  catches(
    "draws on a quota of its own making, once an answer told a higher limit",
    "admission",
    () => {
      let told = reads
      return subject({
        classify: ({ method }, own) => [Claim.need(method === "GET" ? told : own.writes)],
        decode: (wire) => {
          const decoded = decode(wire)
          const [limit] = decoded.signal.readings.flatMap(({ limit = 0 }) => (limit > 20 && limit < 1e6 ? [limit] : []))
          if (limit !== undefined) told = Quota.rolling(limit, "1 second", { name: `reads of ${limit}` })
          return decoded
        }
      })
    },
    /limit in force is at most the published/,
    /"reads of \d+", published as 0/
  )
})

describe("refusal", () => {
  catches(
    "is simulated by a server that counts nothing",
    "refusal",
    () => subject({}, { simulation: { ...simulation, meters: () => [] } }),
    /refuses a client that keeps to no limit/,
    /no refusal/
  )
  catches(
    "does not know the refusal of its own simulation",
    "refusal",
    () => subject({ decode: (wire) => ({ signal: decode(wire).signal }) }),
    /is the provider's error/,
    /no refusal/
  )
  catches(
    "names a quota that it does not have",
    "refusal",
    () =>
      subject({
        decode: decoding(({ refusal, signal }) => ({
          signal,
          refusal: new PatisserieRateLimited({ ...refusal, quota: Option.some("ovens") })
        }))
      }),
    /names one of its quotas/,
    /ovens/
  )
  catches(
    "makes its client without it",
    "refusal",
    () => subject({}, { make: () => Effect.die(new Error("no client")) }),
    /throws/,
    /no client/
  )
})

describe("traffic", () => {
  catches(
    "believes in a higher limit than the server's",
    "traffic",
    () =>
      subject({
        quotas: {
          ...quotas,
          reads: Quota.rolling(22, "1 second", { name: "reads", ...(reads.source && { source: reads.source }) })
        }
      }),
    /never refused by its own simulation/,
    /requests are refused, first by "reads"/
  )
  catches(
    "lets a kind of request go free",
    "traffic",
    () => subject({ classify: ({ method }, own) => (method === "GET" ? [Claim.need(own.reads)] : []) }),
    /never refused by its own simulation/,
    /first by "writes"/
  )
  catches(
    "counts each request three times",
    "traffic",
    () =>
      subject({
        classify: ({ method }, own) => [Claim.need(method === "GET" ? own.reads : own.writes, { cost: 3 })]
      }),
    /about half of what the server allows/,
    /\d\d %: \d+ ms, where \d+ ms are the least/
  )
  catches(
    "shows its key under another name",
    "traffic",
    () => subject({ authorization: "Token" }),
    /Typical requests are counted/,
    /before anything is counted/
  )
})

describe("report", () => {
  it.effect("has a row for each check, and a table that says what is wrong", () =>
    Effect.gen(function* () {
      const good = yield* Conformance.report(subject({}, { fuzz: 200 }))
      assert.isTrue(good.isConformant)
      assert.lengthOf(good.rows, Conformance.checks(subject()).length)
      assert.isTrue(good.rows.every(({ evidence }) => evidence !== ""))
      const bad = yield* Conformance.report(subject({ id: "Fine Cakes" }, { fuzz: 200 }))
      assert.isFalse(bad.isConformant)
      const table = Conformance.format(bad)
      assert.match(table, /^Fine Cakes does not conform/)
      assert.include(table, bad.rows[0]?.violation?.message ?? "?")
    })
  )
})
