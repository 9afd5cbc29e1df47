/** @fastify/rate-limit with its local store, its headers as they are by default. */
import type { Judge } from "./Judge.ts"
import * as NodeJudge from "./NodeJudge.ts"

export const judge: Judge = NodeJudge.make({
  id: "fastify",
  title: "fastify",
  what: "@fastify/rate-limit",
  docs: {
    url: "https://github.com/fastify/fastify-rate-limit/blob/v11.2.0/store/LocalStore.js",
    readOn: "2026-11-25"
  },
  limit: 50,
  windowMillis: 1000,
  reset: "X-RateLimit-Reset has seconds from the answer, rounded up",
  file: "fastify.ts",
  calls: { full: 300, quick: 125 }
})
