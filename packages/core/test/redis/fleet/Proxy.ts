/** The way between a worker and Redis: it can be cut, held, made longer, and lead to another server. Ends with its scope. */
import { Effect, type Scope } from "effect"
import { connect, createServer, type Socket } from "node:net"

export interface Proxy {
  readonly port: number
  /** Breaks connections, and takes none until it is mended. */
  readonly cut: Effect.Effect<void>
  /** Carries nothing, as a network does that has lost its way; what was underway arrives when it is mended. */
  readonly hold: Effect.Effect<void>
  readonly mend: Effect.Effect<void>
  /** Makes the way there and back longer by so much in all. */
  readonly delay: (millis: number) => Effect.Effect<void>
  /** Leads new connections elsewhere, and breaks the old ones. */
  readonly leadTo: (port: number) => Effect.Effect<void>
}

export const make = (target: number): Effect.Effect<Proxy, never, Scope.Scope> =>
  Effect.gen(function* () {
    const sockets = new Set<Socket>()
    let state: "open" | "cut" | "held" = "open"
    let port = target
    let halfMillis = 0
    let waiting: Array<() => void> = []

    const whenOpen = (work: () => void) => (state === "held" ? void waiting.push(work) : work())
    const carry = (from: Socket, to: Socket) => {
      sockets.add(from)
      // Equal delays end in their order.
      const later = (work: () => void) =>
        halfMillis > 0 ? void setTimeout(() => whenOpen(work), halfMillis) : whenOpen(work)
      from.on("data", (bytes) => later(() => to.writable && to.write(bytes)))
      from.on("error", () => from.destroy())
      from.on("close", () => {
        sockets.delete(from)
        later(() => to.destroy())
      })
    }
    const server = createServer((near) => {
      if (state === "cut") return near.destroy()
      const far = connect(port, "127.0.0.1")
      carry(near.setNoDelay(), far.setNoDelay())
      carry(far, near)
    })
    const breakAll = () => {
      for (const socket of sockets) socket.destroy()
    }
    yield* Effect.acquireRelease(
      Effect.callback<void>((resume) => void server.listen(0, "127.0.0.1", () => resume(Effect.void))),
      () =>
        Effect.callback<void>((resume) => {
          server.close(() => resume(Effect.void))
          breakAll()
        })
    )
    const address = server.address()
    return {
      port: typeof address === "object" && address ? address.port : 0,
      cut: Effect.sync(() => {
        state = "cut"
        breakAll()
      }),
      hold: Effect.sync(() => void (state = "held")),
      mend: Effect.sync(() => {
        state = "open"
        const works = waiting
        waiting = []
        for (const work of works) work()
      }),
      delay: (millis) => Effect.sync(() => void (halfMillis = millis / 2)),
      leadTo: (next) =>
        Effect.sync(() => {
          port = next
          breakAll()
        })
    }
  })
