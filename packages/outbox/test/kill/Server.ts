/** A server that counts what it carries out, once for each idempotency key, and may have its client killed meanwhile. */
import { createServer } from "node:http"
import type { AddressInfo } from "node:net"

/** When the client is killed: as its n-th request has arrived, and before it is carried out or after. */
export interface Plan {
  readonly request: number
  readonly phase: "arrived and dropped" | "carried out"
}

export interface Serving {
  readonly url: string
  /** How often each was carried out, by the `id` in its body, or by the names of its fields. */
  readonly carriedOut: ReadonlyMap<string, number>
  readonly requests: () => number
  /** How many of them were several calls in one. */
  readonly merged: () => number
  /** Who is to be killed when the plan says so. */
  kill: (label: string) => void
  readonly close: () => Promise<void>
}

export const serve = async (plan?: Plan): Promise<Serving> => {
  const carriedOut = new Map<string, number>()
  const keys = new Set<string>()
  let requests = 0
  let merged = 0
  const server = createServer((request, response) => {
    let body = ""
    request.setEncoding("utf8").on("data", (text: string) => (body += text))
    request.on("end", () => {
      requests++
      const isPlanned = plan?.request === requests
      if (isPlanned && plan.phase === "arrived and dropped") {
        serving.kill("send: arrived and dropped")
        return response.destroy()
      }
      const key = request.headers["idempotency-key"]
      const fields = JSON.parse(body) as { readonly id?: string; readonly wrong?: boolean }
      if (fields.wrong) return response.writeHead(422).end("{}")
      const names = fields.id === undefined ? Object.keys(fields) : [fields.id]
      if (typeof key !== "string" || !keys.has(key)) {
        for (const name of names) carriedOut.set(name, (carriedOut.get(name) ?? 0) + 1)
      }
      if (names.length > 1) merged++
      if (typeof key === "string") keys.add(key)
      if (isPlanned) serving.kill("send: carried out, not answered")
      return response.writeHead(200, { "content-type": "application/json" }).end("{}")
    })
  })
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve))
  const { port } = server.address() as AddressInfo
  const serving: Serving = {
    url: `http://127.0.0.1:${port}`,
    carriedOut,
    requests: () => requests,
    merged: () => merged,
    kill: () => {},
    close: () => {
      server.closeAllConnections()
      return new Promise((resolve) => server.close(() => resolve()))
    }
  }
  return serving
}
