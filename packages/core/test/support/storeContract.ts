/** What every store must do, whatever keeps its books. Times are milliseconds of the store's own clock from `start`. */
import { Claim, Quota, RateLimiterStore, Signal } from "@sluice/core"
import { assert, describe, it } from "@effect/vitest"
import { Effect, type Layer } from "effect"

type Store = RateLimiterStore.RateLimiterStore["Service"]

const exact = { slack: 0, rateMargin: 0 } as const

export const storeContract = (name: string, layer: Layer.Layer<RateLimiterStore.RateLimiterStore>) =>
  describe(`RateLimiterStore: ${name}`, () => {
    const fact = (title: string, body: (store: Store) => void) =>
      it.effect(title, () => RateLimiterStore.RateLimiterStore.useSync(body).pipe(Effect.provide(layer)))

    fact("takes all of a claim or nothing", (store) => {
      const wide = Quota.rolling(2, 1000, { name: "wide", ...exact })
      const narrow = Quota.rolling(1, 1000, { name: "narrow", ...exact })
      const first = store.permit(Claim.of(wide, narrow))
      assert.strictEqual(store.admit(first, 0)._tag, "Admitted")
      const second = store.permit(Claim.of(wide, narrow))
      assert.strictEqual(store.admit(second, 0)._tag, "Wait")
      assert.strictEqual(store.admit(store.permit(Claim.of(wide)), 0)._tag, "Admitted")
    })

    fact("frees a slot a window after the answer, not after the sending", (store) => {
      const claim = Claim.of(Quota.rolling(1, 1000, exact))
      const first = store.permit(claim)
      store.admit(first, 0)
      store.settle(first, "answered", 300, Signal.none)
      store.release(first, 300, "read")
      const second = store.permit(claim)
      const early = store.admit(second, 1299)
      assert.deepStrictEqual({ ...early }, { _tag: "Wait", at: 1300, need: 0 })
      assert.strictEqual(store.admit(second, 1300)._tag, "Admitted")
    })

    fact("gives back at once what was not sent, and settles once only", (store) => {
      const claim = Claim.of(Quota.rolling(1, 1000, exact))
      const first = store.permit(claim)
      store.admit(first, 0)
      store.settle(first, "unsent", 10, Signal.none)
      const second = store.permit(claim)
      assert.strictEqual(store.admit(second, 10)._tag, "Admitted")
      store.settle(first, "unsent", 20, Signal.none)
      assert.strictEqual(store.admit(store.permit(claim), 20)._tag, "Wait")
    })

    fact("holds what nobody saw the end of for the abandonment bound and a window", (store) => {
      const claim = Claim.of(Quota.rolling(1, 1000, exact))
      const first = store.permit(claim)
      store.admit(first, 0)
      store.settle(first, "abandoned", 10, Signal.none)
      const second = store.permit(claim)
      assert.strictEqual(store.admit(second, 61_009)._tag, "Wait")
      assert.strictEqual(store.admit(second, 61_010)._tag, "Admitted")
    })

    fact("says never to what is larger than its quota", (store) => {
      const claim = Claim.make({ needs: [Claim.need(Quota.rolling(2, 1000), { cost: 3 })] })
      assert.deepStrictEqual({ ...store.admit(store.permit(claim), 0) }, { _tag: "Never", need: 0, largest: 2 })
    })

    fact("closes on a refusal until the told instant, and opens to one", (store) => {
      const claim = Claim.of(Quota.rolling(10, 1000, { name: "rate", ...exact }))
      const first = store.permit(claim)
      store.admit(first, 0)
      const told = { readings: [], retry: { kind: "after", millis: 5000, toleranceMillis: 0 } } as const
      const closure = store.settle(first, "refused", 100, told)
      assert.strictEqual(closure?.until, 5100)
      const second = store.permit(claim)
      assert.deepStrictEqual({ ...store.admit(second, 5099) }, { _tag: "Wait", at: 5100, need: 0 })
      assert.strictEqual(store.admit(second, 5100)._tag, "Admitted")
      const third = store.permit(claim)
      assert.deepStrictEqual({ ...store.admit(third, 5100) }, { _tag: "Wait", at: Infinity, need: 0 })
      store.settle(second, "answered", 5200, Signal.none)
      assert.strictEqual(store.admit(third, 5200)._tag, "Admitted")
      assert.strictEqual(store.admit(store.permit(claim), 5200)._tag, "Admitted")
      assert.strictEqual(store.admit(store.permit(claim), 5200)._tag, "Wait")
    })

    fact("is not opened by what was sent before the refusal, only by its probe", (store) => {
      const claim = Claim.of(Quota.rolling(10, 1000, { name: "rate", ...exact }))
      const [before, refused] = [store.permit(claim), store.permit(claim)]
      store.admit(before, 0)
      store.admit(refused, 0)
      const hours = { readings: [], retry: { kind: "after", millis: 36e5, toleranceMillis: 0 } } as const
      store.settle(refused, "refused", 100, hours)
      store.settle(before, "answered", 200, Signal.none)
      assert.strictEqual(store.admit(store.permit(claim), 200)._tag, "Shut")
      const probe = store.permit(claim)
      assert.strictEqual(store.admit(probe, 100 + 60_000)._tag, "Admitted")
      assert.strictEqual(store.admit(store.permit(claim), 100 + 60_000)._tag, "Shut")
      store.settle(probe, "answered", 60_200, Signal.none)
      assert.strictEqual(store.admit(store.permit(claim), 60_200)._tag, "Admitted")
    })

    fact("forgets idle books and no others", (store) => {
      const idle = store.permit(Claim.make({ needs: [Claim.need(Quota.rolling(1, 1000, exact))], partition: "idle" }))
      store.admit(idle, 0)
      store.settle(idle, "answered", 10, Signal.none)
      store.release(idle, 10, "read")
      const busy = store.permit(Claim.make({ needs: [Claim.need(Quota.rolling(1, 1000, exact))], partition: "busy" }))
      store.admit(busy, 0)
      assert.strictEqual(store.evict(1009), 0)
      assert.strictEqual(store.evict(1010), 1)
      assert.strictEqual(store.books.size, 1)
    })

    fact("keeps one partition's slots from another's", (store) => {
      const quota = Quota.rolling(1, 1000, exact)
      const of = (partition: string) => store.permit(Claim.make({ needs: [Claim.need(quota)], partition }))
      assert.strictEqual(store.admit(of("a"), 0)._tag, "Admitted")
      assert.strictEqual(store.admit(of("a"), 0)._tag, "Wait")
      assert.strictEqual(store.admit(of("b"), 0)._tag, "Admitted")
    })
  })
