import * as Claim from "@sluice/core/Claim"
import { Permit } from "@sluice/core/Admission"
import { assert, describe, it } from "@effect/vitest"
import type { Waiter } from "@sluice/core/admission/Flow"
import { Turns } from "@sluice/core/admission/Turns"
import { upcoming } from "@sluice/core/redis/upcoming"
import { randomOf } from "./redis/History.ts"

interface Entry {
  readonly waiter: Waiter
  readonly cost: number
}

/** The same by the definition: every tenant's list, searched through from its start. */
class Model {
  private virtualTime = 0
  private readonly tenants = new Map<string, { entries: Array<Entry>; startTag: number; weight: number }>()

  insert(entry: Entry): void {
    const { tenant, weight } = entry.waiter.permit
    const own = this.tenants.get(tenant) ?? { entries: [], startTag: 0, weight }
    this.tenants.set(tenant, own)
    if (own.entries.length === 0) own.startTag = Math.max(own.startTag, this.virtualTime)
    own.weight = weight
    own.entries.push(entry)
    own.entries.sort((a, b) => a.waiter.permit.sequence - b.waiter.permit.sequence)
  }

  get first(): Entry | undefined {
    const waiting = [...this.tenants.values()].filter(({ entries }) => entries.length > 0)
    const sequence = (entries: ReadonlyArray<Entry>) => entries[0]?.waiter.permit.sequence ?? 0
    const [least] = waiting.toSorted((a, b) => a.startTag - b.startTag || sequence(a.entries) - sequence(b.entries))
    return least?.entries[0]
  }

  remove(entry: Entry, isServed: boolean): void {
    const own = this.tenants.get(entry.waiter.permit.tenant)
    if (!own) return
    own.entries = own.entries.filter((each) => each !== entry)
    if (isServed) {
      this.virtualTime = own.startTag
      own.startTag += entry.cost / own.weight
    }
    if ([...this.tenants.values()].every(({ entries }) => entries.length === 0)) this.tenants.clear()
  }
}

const claim = Claim.make({ needs: [] })

const entryOf = (tenant: string, weight: number, sequence: number, cost: number): Entry => {
  const permit = new Permit(claim, [])
  Object.assign(permit, { tenant, weight, sequence })
  const waiter: Waiter = {
    permit,
    deadlineAt: Infinity,
    since: 0,
    lane: undefined,
    flow: undefined,
    before: undefined,
    after: undefined
  }
  return { waiter, cost }
}

describe("Turns", () => {
  it("take the one whose turn it is by the definition, whatever comes, goes and is served", () => {
    for (let seed = 0; seed < 200; seed++) {
      const random = randomOf(seed)
      const entries = new Map<Waiter, Entry>()
      const turns = new Turns(0, (waiter) => entries.get(waiter)?.cost ?? 0)
      const model = new Model()
      const tenants = 1 + random.between(0, 5)
      for (let step = 0; step < 300; step++) {
        const present = [...entries.values()].filter(({ waiter }) => waiter.flow)
        const way = random.between(0, 9)
        if (way < 5) {
          const tenant = random.between(0, tenants)
          // Who was held up elsewhere has come earlier.
          const sequence = random.chance(0.2) ? step - random.between(1, 50) + (step + 1) / 1000 : step
          const entry = entryOf(`t${tenant}`, 2 ** (tenant % 3), sequence, random.between(1, 4))
          entries.set(entry.waiter, entry)
          turns.insert(entry.waiter)
          model.insert(entry)
        } else if (way < 6) {
          const entry = present[random.between(0, Math.max(0, present.length - 1))]
          if (!entry) continue
          turns.remove(entry.waiter)
          model.remove(entry, false)
        } else {
          const { first } = model
          if (!first) continue
          turns.remove(first.waiter, 0)
          model.remove(first, true)
        }
        assert.isTrue(turns.first === model.first?.waiter, `seed ${seed}, step ${step}`)
      }
    }
  })

  it("tell in what order those who wait go, and never more units before one than there are", () => {
    for (let seed = 0; seed < 200; seed++) {
      const random = randomOf(seed)
      const costs = new Map<Waiter, number>()
      const costOf = (waiter: Waiter) => costs.get(waiter) ?? 0
      const turns = new Turns(0, costOf)
      const weights = [1, 2, 5, 0.3]
      for (let i = 0; i < 60; i++) {
        const tenant = random.between(0, 3)
        const { cost, waiter } = entryOf(`t${tenant}`, weights[tenant] ?? 1, i, random.between(1, 3))
        costs.set(waiter, cost)
        turns.insert(waiter)
        if (random.chance(0.3) && turns.first) turns.remove(turns.first, 0)
      }
      const before = [...costs.keys()]
        .filter(({ flow }) => flow)
        .map((waiter) => {
          const { sequence, tenant, weight } = waiter.permit
          return { waiter, units: turns.unitsBefore(tenant, weight, sequence) }
        })
      const order: Array<Waiter> = []
      const going = upcoming({ foremost: turns.waiting, costOf }, 7)
      let units = 0
      for (let next = turns.first; next; next = turns.first) {
        const expected = before.find(({ waiter }) => waiter === next)
        assert.isAtMost(expected?.units ?? Infinity, units, `seed ${seed}`)
        units += costOf(next)
        order.push(next)
        turns.remove(next, 0)
      }
      assert.deepStrictEqual(
        going.map(({ permit }) => permit.sequence),
        order.slice(0, 7).map(({ permit }) => permit.sequence)
      )
    }
  })

  it("serve tenants by their weights, to a call's cost, for as long as each has somebody waiting", () => {
    for (let seed = 0; seed < 100; seed++) {
      const random = randomOf(seed)
      const costs = new Map<Waiter, number>()
      const turns = new Turns(0, (waiter) => costs.get(waiter) ?? 0)
      const weights = Array.from({ length: random.between(2, 6) }, () => random.pick([0.5, 1, 2, 3, 10]))
      const served = weights.map(() => 0)
      let sequence = 0
      const come = (tenant: number) => {
        const { cost, waiter } = entryOf(`${tenant}`, weights[tenant] ?? 1, sequence++, random.between(1, 5))
        costs.set(waiter, cost)
        turns.insert(waiter)
      }
      // One has a thousand waiting, another has one at a time.
      weights.forEach((_, tenant) => {
        for (let i = 0; i < (tenant === 0 ? 1000 : tenant === 1 ? 1 : 20); i++) come(tenant)
      })
      for (let turn = 0; turn < 1000; turn++) {
        const { first } = turns
        if (!first) break
        const tenant = Number(first.permit.tenant)
        served[tenant] = (served[tenant] ?? 0) + (costs.get(first) ?? 0)
        if (tenant > 0) come(tenant)
        turns.remove(first, 0)
      }
      const paid = served.map((units, tenant) => units / (weights[tenant] ?? 1))
      const most = Math.max(...paid)
      weights.forEach((weight, tenant) => {
        assert.isAtMost(most - (paid[tenant] ?? 0), 5 / weight + 5 / Math.min(...weights), `seed ${seed}`)
      })
    }
  })

  it("forget who rests once the others have come as far, and all of them when nobody waits", () => {
    const turns = new Turns(0, () => 1)
    let sequence = 0
    const serve = (tenant: string) => {
      const { waiter } = entryOf(tenant, 1, sequence++, 1)
      turns.insert(waiter)
      return waiter
    }
    for (let i = 0; i < 100; i++) serve(`t${i}`)
    for (let round = 0; round < 10; round++) {
      for (let i = 0; i < 1000; i++) {
        serve(`t${round}-${i}`)
        if (turns.first) turns.remove(turns.first, 0)
      }
      assert.isBelow(turns.flows.size, 2000)
    }
    for (let next = turns.first; next; next = turns.first) turns.remove(next, 0)
    assert.strictEqual(turns.flows.size, 0)
  })
})
