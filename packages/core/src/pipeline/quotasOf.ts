import * as Claim from "../Claim.ts"
import type { Quotas } from "../Provider.ts"
import * as Quota from "../Quota.ts"

/** The provider's quotas with the user's in their place and under their names; every other one of the user's is a cap. */
export const quotasOf = <Q extends Quotas>(
  published: Q,
  options: {
    readonly quotas?: (Partial<Q> & Quotas) | undefined
    readonly adopt?: "tighten" | "follow" | undefined
    readonly slowBelow?: "others" | "always" | undefined
  }
): { readonly quotas: Q; readonly caps: ReadonlyArray<Claim.Draw> } => {
  const adjust = (quota: Quota.Quota): Quota.Quota => {
    const { slowBelow } = quota
    return Quota.withOptions(quota, {
      ...(options.adopt === "follow" && { assumed: true }),
      ...(slowBelow && options.slowBelow && { slowBelow: { ...slowBelow, when: options.slowBelow } })
    })
  }
  const own: Quotas = options.quotas ?? {}
  const quotas = Object.fromEntries(
    Object.entries(published).map(([name, quota]) => {
      const replacement = own[name]
      return [name, adjust(replacement ? Quota.named(replacement, quota.name) : quota)]
    })
  )
  const caps = Object.entries(own)
    .filter(([name]) => !(name in published))
    .map(([name, quota]) => Claim.need(Quota.named(quota, name)))
  // The names are the provider's own, each with a quota again.
  return { quotas: quotas as Q, caps }
}
