/** The stream of what a limiter tells. What nobody watches is not even made. */
import { Effect, PubSub, type Scope, Stream } from "effect"
import type { LimiterEvent } from "./LimiterEvent.ts"

/** The oldest are dropped behind a reader that is slower than so many. */
const kept = 1024

export class Events {
  private watchers = 0
  private readonly published: PubSub.PubSub<LimiterEvent>

  static readonly make: Effect.Effect<Events, never, Scope.Scope> = Effect.acquireRelease(
    Effect.map(PubSub.sliding<LimiterEvent>(kept), (published) => new Events(published)),
    ({ published }) => PubSub.shutdown(published)
  )

  private constructor(published: PubSub.PubSub<LimiterEvent>) {
    this.published = published
  }

  get isWatched(): boolean {
    return this.watchers > 0
  }

  publish(event: LimiterEvent): void {
    PubSub.publishUnsafe(this.published, event)
  }

  readonly stream: Stream.Stream<LimiterEvent> = Stream.unwrap(
    Effect.suspend(() => {
      this.watchers++
      return Effect.as(
        Effect.addFinalizer(() => Effect.sync(() => this.watchers--)),
        Stream.fromPubSub(this.published)
      )
    })
  )
}
