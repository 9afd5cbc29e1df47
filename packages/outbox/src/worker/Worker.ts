/** Takes what is ready, sends it through the limiter, and writes down how that ended. */
import { Clock, type Context, Duration, Effect, Fiber, Option, Schedule } from "effect"
import { Impossible } from "../Failure.ts"
import type { Route, Stored, Taken } from "../OutboxStore.ts"
import { Bell } from "./Bell.ts"
import type { Channel } from "./Channel.ts"
import * as Outage from "./Outage.ts"
import { callOf } from "../send/Merging.ts"
import { type Marked, send, type Sender } from "./Sending.ts"
import type { Health, Verdict } from "./Verdict.ts"

export interface Options {
  /** How many tickets of a route are in the limiter's queue or under way at a time. */
  readonly concurrency: number
  /** How often the store is looked at for what other processes did. */
  readonly pollInterval: Duration.Duration
  /** How long what is under way may still be answered when the scope ends. */
  readonly drain: Duration.Duration
}

interface Running extends Route {
  readonly marked: Marked
  /** The ids of its ticket and of those that go with it. */
  readonly ids: ReadonlySet<string>
  fiber?: Fiber.Fiber<void>
}

const keyOf = ({ provider, route }: Route): string => JSON.stringify([provider, route])

/** The end of an attempt is worth waiting for the store: without it the call would be sent again. */
const untilWritten = Schedule.min([Schedule.exponential("100 millis"), Schedule.spaced("5 seconds")])

export class Worker {
  private readonly running = new Map<string, Running>()
  /** Rung when there is something to keep. */
  private readonly busy = new Bell()
  private readonly outages = new Map<string, Outage.Outage>()
  private readonly sender: Sender
  private readonly channels: ReadonlyMap<string, Channel>
  private readonly context: Context.Context<never>
  private readonly options: Options
  private isClosing = false
  /** Whether the store may have given us what we do not know of. */
  private isUnsure = false

  constructor(
    sender: Sender,
    channels: ReadonlyMap<string, Channel>,
    context: Context.Context<never>,
    options: Options
  ) {
    this.sender = sender
    this.channels = channels
    this.context = context
    this.options = options
  }

  /** Works for ever; while the store is away, or dies of something, it tries again: else what waits would wait for nobody. */
  get work(): Effect.Effect<never> {
    return Effect.forever(
      Effect.suspend(() => {
        const { next } = this.sender.bell
        return this.round.pipe(
          Effect.orElseSucceed(() => this.options.pollInterval),
          Effect.catchDefect(() => Effect.succeed(this.options.pollInterval)),
          Effect.flatMap((wait) => Effect.timeoutOption(next, Duration.min(wait, this.options.pollInterval)))
        )
      })
    )
  }

  /** Keeps what it has taken, well before anybody else may take it. */
  get keep(): Effect.Effect<never> {
    const { ownedMillis, store, worker } = this.sender
    const renew = Effect.flatMap(Clock.currentTimeMillis, (now) => store.renew({ worker, until: now + ownedMillis }))
    return Effect.forever(
      Effect.suspend(() => {
        const { next } = this.busy
        return this.running.size === 0
          ? next
          : Effect.andThen(
              Effect.sleep(ownedMillis / 3),
              Effect.catchDefect(Effect.ignore(renew), () => Effect.void)
            )
      })
    )
  }

  /** Takes out of the limiter's queue what is no longer to be sent, so that it is in nobody's way there. */
  changed({ id, state }: Stored): void {
    if (state !== "cancelled" && state !== "superseded") return
    for (const running of this.running.values()) {
      if (running.ids.has(id) && !running.marked.hasBegun) running.fiber?.interruptUnsafe()
    }
  }

  /** Gives back what nothing was sent of, and waits a while for what is under way. */
  get close(): Effect.Effect<void> {
    return Effect.suspend(() => {
      this.isClosing = true
      const all = [...this.running.values()]
      const fibersOf = (running: ReadonlyArray<Running>) => running.flatMap(({ fiber }) => (fiber ? [fiber] : []))
      const unsent = fibersOf(all.filter(({ marked }) => !marked.hasBegun))
      const { drain } = this.options
      return Effect.andThen(
        Duration.isZero(drain)
          ? Effect.void
          : Effect.andThen(
              Fiber.interruptAll(unsent),
              Effect.timeoutOption(Effect.interruptible(Fiber.awaitAll(fibersOf(all))), drain)
            ),
        Fiber.interruptAll(fibersOf(all))
      )
    })
  }

  /** One look at the store; the answer is how long nothing is known to come. */
  private get round() {
    return Effect.gen({ self: this }, function* () {
      const { store, worker } = this.sender
      const now = yield* Clock.currentTimeMillis
      if (this.isUnsure) yield* this.recall(now)
      if (yield* store.tend(worker, now)) this.sender.bell.ring()
      const open = [...this.channels.keys()].filter((provider) => this.outageOf(provider).until <= now)
      const routes = open.length === 0 ? [] : yield* store.routes(open)
      const running = Map.groupBy(this.running.values(), keyOf)
      for (const route of routes) yield* this.fill(route, running.get(keyOf(route))?.length ?? 0, now)
      const closedUntil = [...this.outages.values()].flatMap(({ until }) => (until > now ? [until] : []))
      const nextAt = Math.min(yield* store.nextAt(worker), ...closedUntil)
      return nextAt === Infinity ? this.options.pollInterval : Duration.millis(Math.max(1, nextAt - now))
    })
  }

  /** Gives back what was taken where the answer was lost: it is ours, and nobody would send it. */
  private recall(now: number) {
    const known = [...this.running.values()].flatMap(({ ids }) => [...ids])
    return Effect.tap(this.sender.store.recall(this.sender.worker, known, now), () =>
      Effect.sync(() => {
        this.isUnsure = false
        this.sender.bell.ring()
      })
    )
  }

  /** Takes as many tickets of a route as there is room for. From the taking on they are somebody's to end. */
  private fill(route: Route, running: number, now: number) {
    const channel = this.channels.get(route.provider)
    // After an outage one call of a route finds out whether it is over.
    const limit = (this.outageOf(route.provider).until > 0 ? 1 : this.options.concurrency) - running
    if (channel === undefined || limit <= 0) return Effect.void
    const { ownedMillis, store, worker } = this.sender
    return store.take(route, { worker, until: now + ownedMillis, now, limit }).pipe(
      Effect.map((tickets) => {
        for (const ticket of tickets) {
          const call = callOf(
            ticket.call,
            ticket.merged.map(({ call }) => call)
          )
          this.launch({ ...ticket, call }, channel)
        }
      }),
      Effect.onError(() =>
        Effect.sync(() => {
          this.isUnsure = true
        })
      ),
      Effect.uninterruptible
    )
  }

  private launch(ticket: Taken, channel: Channel): void {
    const { id, merged, provider, route } = ticket
    const ids = new Set([id, ...merged.map(({ id }) => id)])
    const running: Running = { provider, route, ids, marked: { hasBegun: false } }
    this.running.set(ticket.id, running)
    this.busy.ring()
    const { marked } = running
    running.fiber = Effect.uninterruptibleMask((restore) =>
      send(this.sender, channel, ticket, marked, restore).pipe(
        Effect.catchDefect((defect) => Effect.succeedSome(broken(defect, marked))),
        Effect.flatMap(Option.match({ onNone: () => Effect.void, onSome: (verdict) => this.settle(ticket, verdict) })),
        Effect.ensuring(
          Effect.sync(() => {
            this.running.delete(ticket.id)
            this.sender.bell.ring()
          })
        )
      )
    ).pipe(Effect.runForkWith(this.context))
  }

  private settle({ id, provider }: Stored, { end, health }: Verdict): Effect.Effect<void> {
    return Effect.flatMap(Clock.currentTimeMillis, (now) => {
      this.outages.set(provider, outageAfter(this.outageOf(provider), health, now))
      const { store, worker } = this.sender
      return store.end(id, worker, end, now).pipe(
        Effect.catchDefect(Effect.fail),
        Effect.retry(Schedule.while(untilWritten, () => Effect.succeed(!this.isClosing))),
        // Who closes while the store is away leaves the ticket to whoever takes it over.
        Effect.ignore
      )
    })
  }

  private outageOf(provider: string): Outage.Outage {
    return this.outages.get(provider) ?? Outage.none
  }
}

const outageAfter = (outage: Outage.Outage, health: Health, now: number): Outage.Outage => {
  switch (health) {
    case "well":
      return Outage.none
    case "troubled":
      return Outage.troubled(outage, now)
    case "unreachable":
      return Outage.unreachable(outage, now)
    case "unknown":
      return outage
  }
}

/** A mistake of a program's, its provider's or ours: the ticket must not be kept from everybody by it. */
const broken = (defect: unknown, { hasBegun }: Marked): Verdict => ({
  end: {
    _tag: "Failed",
    failure: new Impossible({ said: `a defect: ${defect instanceof Error ? defect.message : String(defect)}` }),
    isInDoubt: hasBegun
  },
  health: "unknown"
})
