/** What every store must do, whatever keeps its books. Times are milliseconds of the store's own clock from `start`. */
import { Claim, Quota, type RateLimiterStore, Signal } from "@sluice/core"
import type { Closure, Decision, Outcome, Permit } from "@sluice/core/Admission"
import { assert, describe, it } from "@effect/vitest"
import { Effect, type Scope } from "effect"

type Store = RateLimiterStore.RateLimiterStore["Service"]

/** A store under contract. One that asks another process is told what time it is, and has settled when it has its answers. */
export interface Subject {
  readonly store: Store
  readonly isAt: (millis: number) => void
  readonly settled: Effect.Effect<void>
}

/** The store's operations, each with what it is answered in the end. */
const driven = ({ isAt, settled, store }: Subject) => {
  const at = <A>(millis: number, act: () => A): Effect.Effect<A> =>
    Effect.suspend(() => {
      isAt(millis)
      const result = act()
      return Effect.as(settled, result)
    })
  const admit = (permit: Permit, millis: number): Effect.Effect<Decision> =>
    Effect.flatMap(
      at(millis, () => ({ ...store.admit(permit, millis) })),
      (decision) =>
        decision._tag === "Wait" ? at(millis, () => ({ ...store.admit(permit, millis) })) : Effect.succeed(decision)
    )
  return {
    permit: (claim: Claim.Claim) => store.permit(claim),
    admit,
    settle: (
      permit: Permit,
      outcome: Outcome,
      millis: number,
      signal: Signal.Signal
    ): Effect.Effect<Closure | undefined> => at(millis, () => store.settle(permit, outcome, millis, signal)),
    release: (permit: Permit, millis: number, end: "read" | "cut") =>
      at(millis, () => store.release(permit, millis, end)),
    evict: (millis: number) => store.evict(millis),
    books: store.books
  }
}

const exact = { slack: 0, rateMargin: 0 } as const

export const storeContract = (name: string, make: Effect.Effect<Subject, never, Scope.Scope>) =>
  describe(`RateLimiterStore: ${name}`, () => {
    const fact = (
      title: string,
      body: (store: ReturnType<typeof driven>) => Generator<Effect.Effect<unknown>, void, never>
    ) => it.effect(title, () => Effect.flatMap(make, (subject) => Effect.gen(() => body(driven(subject)))))

    fact("takes all of a claim or nothing", function* (store) {
      const wide = Quota.rolling(2, 1000, { name: "wide", ...exact })
      const narrow = Quota.rolling(1, 1000, { name: "narrow", ...exact })
      const first = store.permit(Claim.of(wide, narrow))
      assert.strictEqual((yield* store.admit(first, 0))._tag, "Admitted")
      const second = store.permit(Claim.of(wide, narrow))
      assert.strictEqual((yield* store.admit(second, 0))._tag, "Wait")
      assert.strictEqual((yield* store.admit(store.permit(Claim.of(wide)), 0))._tag, "Admitted")
    })

    fact("frees a slot a window after the answer, not after the sending", function* (store) {
      const claim = Claim.of(Quota.rolling(1, 1000, exact))
      const first = store.permit(claim)
      yield* store.admit(first, 0)
      yield* store.settle(first, "answered", 300, Signal.none)
      yield* store.release(first, 300, "read")
      const second = store.permit(claim)
      const early = yield* store.admit(second, 1299)
      assert.deepStrictEqual({ ...early }, { _tag: "Wait", at: 1300, need: 0 })
      assert.strictEqual((yield* store.admit(second, 1300))._tag, "Admitted")
    })

    fact("gives back at once what was not sent, and settles once only", function* (store) {
      const claim = Claim.of(Quota.rolling(1, 1000, exact))
      const first = store.permit(claim)
      yield* store.admit(first, 0)
      yield* store.settle(first, "unsent", 10, Signal.none)
      const second = store.permit(claim)
      assert.strictEqual((yield* store.admit(second, 10))._tag, "Admitted")
      yield* store.settle(first, "unsent", 20, Signal.none)
      assert.strictEqual((yield* store.admit(store.permit(claim), 20))._tag, "Wait")
    })

    fact("holds what nobody saw the end of for the abandonment bound and a window", function* (store) {
      const claim = Claim.of(Quota.rolling(1, 1000, exact))
      const first = store.permit(claim)
      yield* store.admit(first, 0)
      yield* store.settle(first, "abandoned", 10, Signal.none)
      const second = store.permit(claim)
      assert.strictEqual((yield* store.admit(second, 61_009))._tag, "Wait")
      assert.strictEqual((yield* store.admit(second, 61_010))._tag, "Admitted")
    })

    fact("says never to what is larger than its quota", function* (store) {
      const claim = Claim.make({ needs: [Claim.need(Quota.rolling(2, 1000), { cost: 3 })] })
      assert.deepStrictEqual(
        { ...(yield* store.admit(store.permit(claim), 0)) },
        { _tag: "Never", need: 0, largest: 2 }
      )
    })

    fact("closes on a refusal until the told instant, and opens to one", function* (store) {
      const claim = Claim.of(Quota.rolling(10, 1000, { name: "rate", ...exact }))
      const first = store.permit(claim)
      yield* store.admit(first, 0)
      const told = { readings: [], retry: { kind: "after", millis: 5000, toleranceMillis: 0 } } as const
      const closure = yield* store.settle(first, "refused", 100, told)
      assert.strictEqual(closure?.until, 5100)
      const second = store.permit(claim)
      assert.deepStrictEqual({ ...(yield* store.admit(second, 5099)) }, { _tag: "Wait", at: 5100, need: 0 })
      assert.strictEqual((yield* store.admit(second, 5100))._tag, "Admitted")
      const third = store.permit(claim)
      const only = yield* store.admit(third, 5100)
      assert.isTrue(only._tag === "Wait" && only.at > 5100)
      yield* store.settle(second, "answered", 5200, Signal.none)
      assert.strictEqual((yield* store.admit(third, 5200))._tag, "Admitted")
      assert.strictEqual((yield* store.admit(store.permit(claim), 5200))._tag, "Admitted")
      assert.strictEqual((yield* store.admit(store.permit(claim), 5200))._tag, "Wait")
    })

    fact("is not opened by what was sent before the refusal, only by its probe", function* (store) {
      const claim = Claim.of(Quota.rolling(10, 1000, { name: "rate", ...exact }))
      const [before, refused] = [store.permit(claim), store.permit(claim)]
      yield* store.admit(before, 0)
      yield* store.admit(refused, 0)
      const hours = { readings: [], retry: { kind: "after", millis: 36e5, toleranceMillis: 0 } } as const
      yield* store.settle(refused, "refused", 100, hours)
      yield* store.settle(before, "answered", 200, Signal.none)
      assert.strictEqual((yield* store.admit(store.permit(claim), 200))._tag, "Shut")
      const probe = store.permit(claim)
      assert.strictEqual((yield* store.admit(probe, 100 + 60_000))._tag, "Admitted")
      assert.strictEqual((yield* store.admit(store.permit(claim), 100 + 60_000))._tag, "Shut")
      yield* store.settle(probe, "answered", 60_200, Signal.none)
      assert.strictEqual((yield* store.admit(store.permit(claim), 60_200))._tag, "Admitted")
    })

    fact("forgets idle books and no others", function* (store) {
      const idle = store.permit(Claim.make({ needs: [Claim.need(Quota.rolling(1, 1000, exact))], partition: "idle" }))
      yield* store.admit(idle, 0)
      yield* store.settle(idle, "answered", 10, Signal.none)
      yield* store.release(idle, 10, "read")
      const busy = store.permit(Claim.make({ needs: [Claim.need(Quota.rolling(1, 1000, exact))], partition: "busy" }))
      yield* store.admit(busy, 0)
      assert.strictEqual(store.evict(1009), 0)
      assert.strictEqual(store.evict(1010), 1)
      assert.strictEqual(store.books.size, 1)
    })

    fact("keeps one partition's slots from another's", function* (store) {
      const quota = Quota.rolling(1, 1000, exact)
      const of = (partition: string) => store.permit(Claim.make({ needs: [Claim.need(quota)], partition }))
      assert.strictEqual((yield* store.admit(of("a"), 0))._tag, "Admitted")
      assert.strictEqual((yield* store.admit(of("a"), 0))._tag, "Wait")
      assert.strictEqual((yield* store.admit(of("b"), 0))._tag, "Admitted")
    })
  })
