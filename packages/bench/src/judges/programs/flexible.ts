/** An API behind rate-limiter-flexible, counted by key. Arguments: port, limit, window in milliseconds. */
import { createServer } from "node:http"
import { RateLimiterMemory, RateLimiterRes } from "rate-limiter-flexible"

const [port, limit, windowMillis] = process.argv.slice(2)
const limiter = new RateLimiterMemory({ points: Number(limit), duration: Number(windowMillis) / 1000 })

/** Both its promise's ends give the counter's state. */
const consumed = async (key: string): Promise<{ readonly status: number; readonly counter: RateLimiterRes }> => {
  try {
    return { status: 200, counter: await limiter.consume(key) }
  } catch (refused) {
    if (refused instanceof RateLimiterRes) return { status: 429, counter: refused }
    throw refused
  }
}

const server = createServer(async (request, response) => {
  const { counter, status } = await consumed(request.headers.authorization ?? "")
  // Letter by letter as the README has them, on every answer.
  response.writeHead(status, {
    "Retry-After": counter.msBeforeNext / 1000,
    "X-RateLimit-Limit": limiter.points,
    "X-RateLimit-Remaining": counter.remainingPoints,
    "X-RateLimit-Reset": Math.ceil((Date.now() + counter.msBeforeNext) / 1000)
  })
  response.end(status === 200 ? "done" : "too many")
})
server.listen(Number(port), "127.0.0.1")
