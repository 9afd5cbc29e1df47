/**
 * Lies between a worker and its database, and knows what each request is for: so either may be killed with a request asked,
 * or carried out and not answered.
 */
import { createHash } from "node:crypto"
import { createConnection, createServer, type AddressInfo, type Socket } from "node:net"
import * as Questions from "@sluice/outbox/redis/Questions"
import * as Scripts from "@sluice/outbox/redis/Scripts"
import { type At, operationAfter, purposeOf } from "./steps.ts"

/** When something is killed: with the n-th request of its kind not yet told to the database, or carried out and not yet answered. */
export interface Plan extends At {
  readonly phase: "asked" | "carried out"
}

export interface Proxy {
  readonly port: number
  /** What the requests were for that change something, in their order. */
  readonly requests: ReadonlyArray<string>
  /** What is killed when the plan says so; until it is done, nothing goes on. */
  kill: (label: string) => Promise<void>
  readonly close: () => Promise<void>
}

/** What a piece of what a worker says is for; several requests may come in one. */
type Reads = (data: Buffer) => ReadonlyArray<string>

export const listen = async (kind: "postgres" | "redis", target: number, plan?: Plan): Promise<Proxy> => {
  const requests: Array<string> = []
  const sockets = new Set<Socket>()
  const server = createServer((client) => {
    const upstream = createConnection(target, "127.0.0.1")
    const reads = kind === "postgres" ? postgres() : redis
    let withheld: string | undefined
    let gate = Promise.resolve()
    const end = () => [client, upstream].forEach((socket) => socket.destroy())
    for (const socket of [client, upstream]) {
      sockets.add(socket)
      socket.once("close", () => (sockets.delete(socket), end())).on("error", end)
    }
    client.on("data", (data: Buffer) => {
      gate = gate.then(async () => {
        for (const label of reads(data)) {
          requests.push(label)
          const nth = requests.filter((one) => one === label).length
          if (label !== plan?.label || nth !== plan.nth) continue
          if (plan.phase === "asked") await proxy.kill(`${label}: asked`)
          else withheld = label
        }
        if (!upstream.destroyed) upstream.write(data)
      })
    })
    upstream.on("data", (data: Buffer) => {
      if (withheld === undefined) return void client.write(data)
      const label = withheld
      // The rest of an answer of PostgreSQL's may be on its way: it ends by being ready for the next request.
      if (kind === "postgres" && data.at(-6) !== 0x5a) return
      gate = gate.then(() => proxy.kill(`${label}: carried out`)).then(end)
    })
  })
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve))
  const proxy: Proxy = {
    port: (server.address() as AddressInfo).port,
    requests,
    kill: () => Promise.resolve(),
    close: () => {
      for (const socket of sockets) socket.destroy()
      return new Promise((resolve) => server.close(() => resolve()))
    }
  }
  return proxy
}

const names = new Map(
  Object.entries({ ...Scripts, ...Questions }).flatMap(([name, script]) =>
    typeof script === "object" ? [[createHash("sha1").update(script.lua).digest("hex"), name] as const] : []
  )
)
const looks = new Set(Object.keys(Questions))

/** Scripts by their hashes; those that only look are no steps. */
const redis: Reads = (data) =>
  [...data.toString("latin1").matchAll(/EVALSHA\r\n\$40\r\n([0-9a-f]{40})/g)].flatMap(([, sha = ""]) => {
    const name = names.get(sha)
    return name === undefined || looks.has(name) ? [] : [name]
  })

/** Statements as they are executed, by what was prepared under their names. */
const postgres = (): Reads => {
  const prepared = new Map<string, string>()
  let rest = Buffer.alloc(0)
  let hasStarted = false
  let now = ""
  let before = "open"
  return (data) => {
    rest = Buffer.concat([rest, data])
    const labels: Array<string> = []
    for (;;) {
      const head = hasStarted ? 1 : 0
      if (rest.length < head + 4) return labels
      const length = rest.readInt32BE(head) + head
      if (rest.length < length) return labels
      const type = hasStarted ? String.fromCharCode(rest[0] ?? 0) : ""
      const [first = "", second = ""] = rest
        .subarray(head + 4, length)
        .toString("latin1")
        .split("\0")
      // A request for TLS has eight bytes; what starts a session has more.
      if (!hasStarted && length > 8) hasStarted = true
      rest = rest.subarray(length)
      if (type === "P") prepared.set(first, second)
      if (type === "B") now = prepared.get(second) ?? ""
      if (type === "Q") now = first
      if (type !== "E" && type !== "Q") continue
      const purpose = purposeOf(now)
      if (purpose === undefined || purpose === "begun") continue
      before = operationAfter(purpose, before)
      labels.push(purpose === "committed" ? `${before}: committed` : purpose)
    }
  }
}
