/** An API behind @fastify/rate-limit, counted by key. Arguments: port, limit, window in milliseconds. */
import rateLimit from "@fastify/rate-limit"
import fastify from "fastify"

const [port, limit, timeWindow] = process.argv.slice(2)

const app = fastify()
await app.register(rateLimit, {
  max: Number(limit),
  timeWindow: Number(timeWindow),
  keyGenerator: (request) => request.headers.authorization ?? ""
})
app.get("/", () => ({ done: true }))
await app.listen({ host: "127.0.0.1", port: Number(port) })
