/**
 * express-rate-limit with its memory store, in each of the drafts of `RateLimit` that it can write.
 *
 * Draft 8 names the quota, by default by its limit and window: another limit has another name.
 */
import type { Source } from "@sluice/core/Quota"
import type { Judge } from "./Judge.ts"
import * as NodeJudge from "./NodeJudge.ts"

const docs: Source = {
  url: "https://github.com/express-rate-limit/express-rate-limit/blob/v8.7.5/source/memory-store.ts",
  readOn: "2026-11-25"
}
const common = { docs, file: "express.ts" }

export const draft6: Judge = NodeJudge.make({
  ...common,
  id: "express-6",
  title: "express draft-6",
  limit: 60,
  windowMillis: 1000,
  reset: "RateLimit-Reset has seconds, rounded up",
  what: "express-rate-limit with standardHeaders: draft-6",
  args: ["draft-6"],
  calls: { full: 360, quick: 150 }
})

export const draft7: Judge = NodeJudge.make({
  ...common,
  id: "express-7",
  title: "express draft-7",
  limit: 100,
  windowMillis: 2000,
  reset: "reset of RateLimit has seconds, rounded up",
  what: "express-rate-limit with standardHeaders: draft-7",
  args: ["draft-7"],
  calls: { full: 400, quick: 180 }
})

export const draft8: Judge = NodeJudge.make({
  ...common,
  id: "express-8",
  title: "express draft-8",
  limit: 100,
  windowMillis: 2000,
  reset: 't of RateLimit has seconds, rounded up, under the name "100-in-2sec"',
  nameInHeaders: "100-in-2sec",
  what: "express-rate-limit with standardHeaders: draft-8",
  args: ["draft-8"],
  calls: { full: 400, quick: 180 }
})
