/** rate-limiter-flexible's memory limiter behind `node:http`, with the headers that its README advises. */
import type { Judge } from "./Judge.ts"
import * as NodeJudge from "./NodeJudge.ts"

export const judge: Judge = NodeJudge.make({
  id: "flexible",
  title: "flexible",
  what: "RateLimiterMemory of rate-limiter-flexible",
  docs: {
    url: "https://github.com/animir/node-rate-limiter-flexible#ratelimiterres-object",
    readOn: "2026-11-25"
  },
  limit: 75,
  windowMillis: 1000,
  reset: "X-RateLimit-Reset has an instant in seconds, rounded up",
  file: "flexible.ts",
  calls: { full: 450, quick: 190 }
})
