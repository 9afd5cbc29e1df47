import { ClaimError } from "../Claim.ts"
import { definition, type Quota } from "../Quota.ts"

/**
 * A counter has one quota: where another of its name were counted in its books, neither promise would be kept. Quotas that
 * are made anew for each call are the same, where they say the same.
 */
export const requireSame = (counted: Quota, asked: Quota): void => {
  if (counted === asked || text(counted) === text(asked)) return
  throw new ClaimError({
    field: `quota ${JSON.stringify(asked.name)}`,
    rule: `one definition for each counter, and is counted as ${text(counted)} already; give the other a name of its own`,
    value: text(asked)
  })
}

const text = (quota: Quota): string => {
  const { source: _, ...rest } = definition(quota)
  return JSON.stringify(rest)
}
