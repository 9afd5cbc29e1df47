import { assert, describe, it } from "@effect/vitest"
import { AdmissionError } from "@sluice/core"
import { Cause, DateTime, Duration, Exit, Option } from "effect"
import { HttpClientError, HttpClientRequest } from "effect/http"
import { type Attempted, judge } from "@sluice/outbox/worker/Verdict"
import * as Acme from "./support/Acme.ts"

const now = 1_000_000

const attempted = (
  own: Partial<Omit<Attempted, "ticket">> & { readonly ticket?: Partial<Attempted["ticket"]> } = {}
): Attempted => ({
  attempts: 1,
  hasBegun: true,
  isRepeatable: false,
  repeatsRefused: true,
  canAsk: false,
  now,
  ...own,
  ticket: { attempts: 0, maxAttempts: 3, whenInDoubt: "send", isInDoubt: false, expiresAt: null, ...own.ticket }
})

const answer = (status: number, headers: Readonly<Record<string, string>> = {}) =>
  Exit.succeed({ status, headers, body: "" })

const request = HttpClientRequest.post("/things/1")
const transport = (code: string) =>
  Exit.fail(
    new HttpClientError.HttpClientError({
      reason: new HttpClientError.TransportError({ request, cause: Object.assign(new Error(code), { code }) })
    })
  )
const refusal = (retryAt: number | undefined, isRetryable = true) =>
  Exit.fail(
    new Acme.RateLimited({
      provider: "acme",
      quota: Option.none(),
      retryAt: Option.map(Option.fromUndefinedOr(retryAt), DateTime.makeUnsafe),
      retryAfter: Option.none<Duration.Duration>(),
      requestId: Option.none(),
      isRetryable,
      raw: "",
      advice: "rest"
    })
  )
const admission = (reason: AdmissionError.AdmissionError["reason"]) =>
  Exit.fail(new AdmissionError.AdmissionError({ partition: "p", reason }))

const held = { ticket: { whenInDoubt: "hold" } } as const

/** What happened, what is known, what follows: the end's tag, its failure, when it is due, and whether it may have arrived. */
const table: ReadonlyArray<
  readonly [string, Exit.Exit<never, unknown> | ReturnType<typeof answer>, Attempted, string]
> = [
  ["a success", answer(204), attempted(), "Done"],
  ["a client's mistake", answer(422), attempted(), "Failed Answered"],
  ["a redirect, which was not followed", answer(307), attempted(), "Failed Answered"],
  ["a server that is busy", answer(503), attempted(), "Again +1000"],
  ["one that says when", answer(503, { "retry-after": "7" }), attempted(), "Again +7000"],
  ["one that is busy again", answer(503), attempted({ attempts: 2 }), "Again +2000"],
  ["one that was busy too often", answer(503), attempted({ attempts: 3 }), "Failed AttemptsExhausted"],
  ["a server's mistake", answer(500), attempted(), "Again +1000 in doubt"],
  ["a server's mistake, held", answer(500), attempted(held), "Failed InDoubt in doubt"],
  ["the same, to be repeated", answer(500), attempted({ ...held, isRepeatable: true }), "Again +1000 in doubt"],
  ["the same, to be asked for", answer(500), attempted({ ...held, canAsk: true }), "Again +1000 in doubt"],
  ["a server that is busy, held", answer(503), attempted(held), "Again +1000"],
  ["a 429 that nobody decoded", answer(429), attempted(held), "Again +1000"],
  ["no connection", transport("ECONNREFUSED"), attempted(), "Unsent +0"],
  ["no connection, held", transport("ECONNREFUSED"), attempted(held), "Unsent +0"],
  ["a broken connection", transport("ECONNRESET"), attempted(), "Again +1000 in doubt"],
  ["a broken connection, held", transport("ECONNRESET"), attempted(held), "Failed InDoubt in doubt"],
  ["no answer in time", Exit.fail(new Cause.TimeoutError("none")), attempted(), "Again +1000 in doubt"],
  ["an interruption on the way", Exit.interrupt(1), attempted(), "Again +0 in doubt"],
  ["an interruption before", Exit.interrupt(1), attempted({ hasBegun: false }), "Unsent +0"],
  ["no key to be had", transport("ECONNRESET"), attempted({ hasBegun: false }), "Unsent +0"],
  ["a program's mistake", Exit.die(new Error("oh")), attempted({ hasBegun: false }), "Failed Impossible"],
  ["a refusal that says when", refusal(now + 9000), attempted(), "Again +9000"],
  ["a refusal that does not", refusal(undefined), attempted({ attempts: 2 }), "Again +2000"],
  ["a refusal that says when, too often", refusal(now + 9000), attempted({ attempts: 3 }), "Failed AttemptsExhausted"],
  ["a refusal for good", refusal(now + 9000, false), attempted(), "Failed Refused"],
  [
    "one that may have been carried out",
    refusal(now + 9),
    attempted({ ...held, repeatsRefused: false }),
    "Failed InDoubt in doubt"
  ],
  ["a quota known as closed", refusal(now + 9000), attempted({ hasBegun: false }), "Unsent +9000"],
  [
    "a claim that is too large",
    admission(new AdmissionError.Never({ quota: "writes", cost: 9, limit: 5 })),
    attempted({ hasBegun: false }),
    "Failed Impossible"
  ],
  [
    "a full queue",
    admission(new AdmissionError.QueueFull({ bound: 1 })),
    attempted({ hasBegun: false }),
    "Unsent +1000"
  ],
  [
    "a quota closed for long",
    admission(
      new AdmissionError.Closed({ quota: "writes", retryAt: DateTime.makeUnsafe(now + 60_000), refusal: Option.none() })
    ),
    attempted({ hasBegun: false }),
    "Unsent +60000"
  ],
  [
    "no room before it expires",
    admission(
      new AdmissionError.DeadlineExceeded({
        quota: "writes",
        earliest: DateTime.makeUnsafe(now + 60_000),
        deadline: DateTime.makeUnsafe(now + 5000)
      })
    ),
    attempted({ hasBegun: false, ticket: { expiresAt: now + 5000 } }),
    "Failed Expired"
  ],
  [
    "no room before its client's own deadline",
    admission(
      new AdmissionError.DeadlineExceeded({
        quota: "writes",
        earliest: DateTime.makeUnsafe(now + 60_000),
        deadline: DateTime.makeUnsafe(now + 5000)
      })
    ),
    attempted({ hasBegun: false }),
    "Unsent +60000"
  ],
  [
    "a mistake after an attempt in doubt",
    answer(422),
    attempted({ ticket: { isInDoubt: true } }),
    "Failed Answered in doubt"
  ]
]

const told = (exit: Parameters<typeof judge>[0], known: Attempted): string => {
  const { end } = judge(exit, known)
  switch (end._tag) {
    case "Done":
      return "Done"
    case "Failed":
      return `Failed ${end.failure._tag}${end.isInDoubt ? " in doubt" : ""}`
    case "Unsent":
      return `Unsent +${Math.max(0, end.dueAt - now)}`
    case "Again":
      return `Again +${end.dueAt - now}${end.isInDoubt ? " in doubt" : ""}`
    case "Apart":
      return "Apart"
  }
}

describe("judge", () => {
  it.each(table)("after %s", (_what, exit, known, expected) => {
    assert.strictEqual(told(exit, known), expected)
  })

  it("waits no longer than a quarter of an hour between attempts", () => {
    const known = attempted({ attempts: 40, ticket: { maxAttempts: 100 } })
    assert.strictEqual(told(answer(503), known), "Again +900000")
  })

  it("keeps the provider's own error whole", () => {
    const { end } = judge(refusal(now + 1), attempted())
    assert.strictEqual(end._tag === "Again" && end.trouble._tag === "Refused" && end.trouble.tag, "AcmeRateLimited")
    assert.deepInclude(end._tag === "Again" && end.trouble._tag === "Refused" ? (end.trouble.error as object) : {}, {
      advice: "rest",
      provider: "acme"
    })
  })

  it("tells an outage from a single call's trouble", () => {
    const health = (exit: Parameters<typeof judge>[0]) => judge(exit, attempted()).health
    assert.deepStrictEqual(
      [
        answer(200),
        answer(422),
        answer(503),
        transport("ECONNREFUSED"),
        transport("ECONNRESET"),
        Exit.interrupt(1)
      ].map(health),
      ["well", "well", "troubled", "unreachable", "troubled", "unknown"]
    )
  })
})
