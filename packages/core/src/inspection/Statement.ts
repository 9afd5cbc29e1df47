/** The quotas that a response tells in full, as a policy; the others are refused, because nothing is made up. */
import type { Inspection, Limit } from "../Inspection.ts"
import type { Policy, Stated } from "../Policy.ts"
import * as Quota from "../Quota.ts"

export interface Statement {
  /** Nothing, if no limit is told in full. */
  readonly policy: Policy | undefined
  /** Limits that are no quota, and what is not told of them. */
  readonly refused: ReadonlyArray<{ readonly limit: Limit; readonly why: string }>
  /** Of the quotas that are there, what the headers do not tell. */
  readonly assumed: ReadonlyArray<{ readonly quota: string; readonly what: string }>
}

/**
 * The policy that the headers tell: quotas whose limit and window are both told.
 *
 * How a server counts is told by no header, so their kind is `unknown`; but for `concurrent-requests`, which have no window.
 */
export const toPolicy = ({ limits }: Pick<Inspection, "limits">, options: { readonly provider: string }): Statement => {
  const quotas = new Map<string, Stated>()
  const refused: Array<Statement["refused"][number]> = []
  for (const limit of limits) {
    const stated = statedOf(limit)
    if (typeof stated === "string") refused.push({ limit, why: stated })
    else if (quotas.has(stated.quota.name)) refused.push({ limit, why: "another is told under its name" })
    else quotas.set(stated.quota.name, stated)
  }
  const stated = [...quotas.values()]
  return {
    policy: stated.length === 0 ? undefined : { provider: options.provider, quotas: stated },
    refused,
    assumed: stated.flatMap(({ quota }) =>
      quota.kind === "unknown" ? [{ quota: quota.name, what: "how its server counts is not told" }] : []
    )
  }
}

/** The quota, or what keeps it from being one. */
const statedOf = ({ limit, quota: name, statedBy, unit = "requests", windowMillis }: Limit): Stated | string => {
  const isConcurrency = unit === "concurrent-requests"
  if (limit === undefined) return "its limit is not told"
  if (!isConcurrency && unit !== "requests") return `it counts ${unit} and not requests`
  if (!isConcurrency && windowMillis === undefined) return "its window is not told"
  try {
    const quota = isConcurrency
      ? Quota.concurrency(limit, name === undefined ? {} : { name })
      : Quota.unknown(limit, windowMillis ?? 0, name === undefined ? {} : { name })
    return { quota, source: `${statedBy.join(", ")} ${statedBy.length === 1 ? "header" : "headers"}` }
  } catch (error) {
    if (error instanceof Quota.QuotaError) return error.message
    throw error
  }
}
