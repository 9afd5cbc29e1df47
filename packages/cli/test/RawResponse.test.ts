import { assert, describe, it } from "@effect/vitest"
import { Option } from "effect"
import * as RawResponse from "@sluice/cli/RawResponse"

describe("RawResponse.fromText", () => {
  it.each<[string, string, RawResponse.RawResponse]>([
    [
      "what `curl -i` writes",
      "HTTP/1.1 429 Too Many Requests\r\nRetry-After: 18\r\nX-RateLimit-Limit:60\r\n\r\nx-ratelimit-limit: 7\r\n",
      { status: 429, headers: { "retry-after": "18", "x-ratelimit-limit": "60" }, before: 0 }
    ],
    [
      "the last of several, after a redirect whose body has no end of line, and an early hint",
      "HTTP/1.1 301 Moved\nLocation: /b\n\n<a>\nHTTP/2 103 \nlink: x\n\nHTTP/2 200 \nage: 1\n\n",
      { status: 200, headers: { age: "1" }, before: 1 }
    ],
    [
      "what `curl -v` tells",
      '* Connected to a.example\n> GET / HTTP/1.1\n> Host: a\n>\n< HTTP/1.1 200 OK\n< RateLimit: "a";r=1\n<\n{ "b": 1 }',
      { status: 200, headers: { ratelimit: '"a";r=1' }, before: 0 }
    ],
    [
      "headers alone, one over two lines and one twice",
      'RateLimit-Policy: "a";q=1,\n  "b";q=2\nX-A: 1\nx-a: 2\n\nx-c: body',
      { status: undefined, headers: { "ratelimit-policy": '"a";q=1, "b";q=2', "x-a": "1, 2" }, before: 0 }
    ],
    ["a status alone", "HTTP/1.1 429 Too Many Requests\n\n{}", { status: 429, headers: {}, before: 0 }],
    [
      "the last of a HAR file, with its times",
      JSON.stringify({
        log: {
          entries: [
            { startedDateTime: "x", time: 1, response: { status: 301, headers: [] } },
            {
              startedDateTime: "2026-11-22T10:00:00.000Z",
              time: 12.5,
              response: { status: 200, headers: [{ name: "Retry-After", value: "1" }] }
            }
          ]
        }
      }),
      {
        status: 200,
        headers: { "retry-after": "1" },
        sentAt: 1_795_341_600_000,
        receivedAt: 1_795_341_600_013,
        before: 1
      }
    ]
  ])("reads %s", (_, text, expected) => {
    assert.deepStrictEqual(RawResponse.fromText(text), Option.some(expected))
  })

  it.each(["", "\n\n", "hello", "{}", "{", '{"log":{"entries":[]}}', "HTTP/1.1 100 Continue\n\n"])(
    "finds none in %j",
    (text) => {
      assert.deepStrictEqual(RawResponse.fromText(text), Option.none())
    }
  )

  it("keeps a header of any name as its own", () => {
    const { headers } = Option.getOrThrow(RawResponse.fromText("__proto__: a\nconstructor: b"))
    assert.deepStrictEqual(Object.entries(headers), [
      ["__proto__", "a"],
      ["constructor", "b"]
    ])
  })
})
