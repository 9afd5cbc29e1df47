/** Requests that a program might make of a provider: the typical ones, and what becomes of them by mistake or malice. */
import { HttpClientRequest } from "effect/http"
import * as Seeded from "../Seeded.ts"
import { below, chance, headerValue, pathLike, pick, testHeaders } from "./Rubbish.ts"
import { placed, type Setting, startMillis } from "./Subject.ts"

const methods = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE"] as const

const urls = [
  "",
  "/",
  "//",
  "///",
  "?",
  "#",
  "%",
  " ",
  "\n",
  "\\",
  "http://",
  "http://[::1",
  "javascript:alert(1)",
  "https://other.example/v1/x",
  "//other.example/v1",
  `/${"a/".repeat(2000)}`,
  `/?${"q=1&".repeat(2000)}`,
  "/%E0%A4%A"
] as const

const queries = [
  "",
  "?",
  "?limit=1",
  "?limit=99999999999",
  "?a=%",
  "?next=/query",
  "?x=é|",
  `?q=${"x".repeat(4000)}`
] as const

/** The made-up requests, by index; the same index gives the same request. */
export const generator = (setting: Setting): ((index: number) => HttpClientRequest.HttpClientRequest) => {
  const { provider, requests, seed } = setting
  return (index) => {
    const seeded = Seeded.make(seed, "request", String(index))
    const origin = requests[below(seeded, Math.max(1, requests.length))]
    const url =
      origin === undefined || chance(seeded, 5)
        ? pick(seeded, urls)
        : pathLike(seeded, origin.url) + pick(seeded, queries)
    const moved = HttpClientRequest.setUrl(origin ?? HttpClientRequest.empty, url)
    const request = chance(seeded, 3) ? HttpClientRequest.setMethod(moved, pick(seeded, methods)) : moved
    const sent = chance(seeded, 3) ? request : placed(provider, request)
    return chance(seeded, 8)
      ? HttpClientRequest.setHeader(sent, pick(seeded, testHeaders), headerValue(seeded, startMillis))
      : sent
  }
}
