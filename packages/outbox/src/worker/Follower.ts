/** Follows what the store says has changed, whoever changed it, and tells those who wait for a ticket or for any. */
import { DateTime, type Duration, Effect, Option, PubSub, Stream } from "effect"
import type { OutboxStore, State, Stored } from "../OutboxStore.ts"
import type { Change } from "../Ticket.ts"
import { Bell } from "./Bell.ts"

const page = 256

export class Follower {
  /** Rung by whoever changes a ticket in this process: others are found by looking now and then. */
  readonly bell = new Bell()
  private readonly store: OutboxStore["Service"]
  private readonly published: PubSub.PubSub<Change>
  /** Told of every change before anybody else is. */
  onChange: (ticket: Stored) => void = () => {}
  private readonly waiters = new Map<string, { readonly bell: Bell; count: number }>()

  constructor(store: OutboxStore["Service"], published: PubSub.PubSub<Change>) {
    this.store = store
    this.published = published
  }

  get changes(): Stream.Stream<Change> {
    return Stream.fromPubSub(this.published)
  }

  /** Asks anew whenever the ticket has changed, until there is an answer. */
  until<A, E, R>(id: string, ask: Effect.Effect<Option.Option<A>, E, R>): Effect.Effect<A, E, R> {
    return Effect.acquireUseRelease(
      Effect.sync(() => {
        const waiter = this.waiters.get(id) ?? { bell: new Bell(), count: 0 }
        waiter.count++
        this.waiters.set(id, waiter)
        return waiter
      }),
      ({ bell }) => {
        const again: Effect.Effect<A, E, R> = Effect.suspend(() => {
          const { next } = bell
          return Effect.flatMap(ask, (answer) =>
            Option.isSome(answer) ? Effect.succeed(answer.value) : Effect.andThen(next, again)
          )
        })
        return again
      },
      (waiter) =>
        Effect.sync(() => {
          if (--waiter.count === 0) this.waiters.delete(id)
        })
    )
  }

  /** Looks from a revision on, for ever; while the store is away it tries again. */
  follow(from: number, every: Duration.Duration): Effect.Effect<never> {
    let revision = from
    const look = Effect.gen({ self: this }, function* () {
      const { next } = this.bell
      const nothing: ReadonlyArray<Stored> = []
      const changed = yield* this.store.changes(revision, page).pipe(
        Effect.orElseSucceed(() => nothing),
        Effect.catchDefect(() => Effect.succeed(nothing))
      )
      for (const ticket of changed) {
        revision = ticket.revision
        this.onChange(ticket)
        this.waiters.get(ticket.id)?.bell.ring()
        yield* PubSub.publish(this.published, changeOf(ticket))
      }
      if (changed.length < page) yield* Effect.timeoutOption(next, every)
    })
    return Effect.forever(look)
  }
}

const changeOf = (ticket: Stored): Change => ({
  id: ticket.id,
  provider: ticket.provider,
  subject: Option.fromNullOr(ticket.subject),
  state: publicState(ticket.state),
  at: DateTime.makeUnsafe(ticket.updatedAt)
})

/** What has been taken waits all the same. */
const publicState = (state: State): Change["state"] => (state === "taken" ? "waiting" : state)
