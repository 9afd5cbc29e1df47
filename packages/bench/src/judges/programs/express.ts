/** An API behind express-rate-limit, counted by key. Arguments: port, limit, window in milliseconds, draft. */
import express from "express"
import { rateLimit } from "express-rate-limit"

const [port, limit, windowMs, draft] = process.argv.slice(2)
const drafts = ["draft-6", "draft-7", "draft-8"] as const
const standardHeaders = drafts.find((known) => known === draft)
if (standardHeaders === undefined) throw new RangeError(`The fourth argument is one of ${drafts}, but was ${draft}.`)

const app = express()
app.use(
  rateLimit({
    limit: Number(limit),
    windowMs: Number(windowMs),
    standardHeaders,
    legacyHeaders: false,
    keyGenerator: (request) => request.get("authorization") ?? ""
  })
)
app.get("/", (_request, response) => {
  response.json({ done: true })
})
app.listen(Number(port), "127.0.0.1")
