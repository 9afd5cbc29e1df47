/**
 * What has changed between two states of the limits, so that little has to be sent.
 *
 * `apply(before, between(before, after))` is `after`, for any two states of which the second is the later. Without Effect, as it
 * goes into the page.
 */
import type { Happening, Limits, Quota } from "./Limits.ts"

export interface Patch {
  readonly at: number
  readonly scope?: Limits["scope"]
  readonly hidden?: number
  /** New quotas, and those fields of others that have changed. */
  readonly quotas?: Readonly<Record<string, Partial<Quota>>>
  readonly gone?: ReadonlyArray<string>
  readonly happened?: ReadonlyArray<Happening>
  /** The oldest happening that is still shown; all older ones are forgotten. */
  readonly from?: number
}

/** What makes `after` of `before`. */
export const between = (before: Limits, after: Limits): Patch => {
  const quotas: Record<string, Partial<Quota>> = {}
  for (const [key, quota] of Object.entries(after.quotas)) {
    const known = before.quotas[key]
    if (known === quota) continue
    const changed = known === undefined ? quota : changes(known, quota)
    if (changed !== undefined) quotas[key] = changed
  }
  const gone = Object.keys(before.quotas).filter((key) => !(key in after.quotas))
  const last = before.happenings.at(-1)?.id ?? -1
  const happened = after.happenings.filter(({ id }) => id > last)
  const from = after.happenings[0]?.id
  return {
    at: after.at,
    ...(after.scope !== before.scope && { scope: after.scope }),
    ...(after.hidden !== before.hidden && { hidden: after.hidden }),
    ...(Object.keys(quotas).length > 0 && { quotas }),
    ...(gone.length > 0 && { gone }),
    ...(happened.length > 0 && { happened }),
    ...(from !== undefined && from !== before.happenings[0]?.id && { from })
  }
}

/** Whether nothing but time has passed. */
export const isEmpty = (patch: Patch): boolean => Object.keys(patch).length === 1

/** Limits that may be written to. */
export interface Draft {
  at: number
  scope: Limits["scope"]
  quotas: Record<string, Quota>
  hidden: number
  happenings: ReadonlyArray<Happening>
}

/** Writes a patch into what it was made for. */
export const apply = (draft: Draft, patch: Patch): void => {
  draft.at = patch.at
  if (patch.scope !== undefined) draft.scope = patch.scope
  if (patch.hidden !== undefined) draft.hidden = patch.hidden
  for (const key of patch.gone ?? []) delete draft.quotas[key]
  for (const [key, changed] of Object.entries(patch.quotas ?? {})) {
    const known = draft.quotas[key]
    if (known === undefined) draft.quotas[key] = changed as Quota
    else Object.assign(known, changed)
  }
  const { from, happened } = patch
  if (happened === undefined && from === undefined) return
  draft.happenings = [...draft.happenings, ...(happened ?? [])].filter(({ id }) => from === undefined || id >= from)
}

const changes = (before: Quota, after: Quota): Partial<Quota> | undefined => {
  const changed = Object.entries(after).filter(([name, value]) => !isSame(before[name as keyof Quota], value))
  return changed.length === 0 ? undefined : Object.fromEntries(changed)
}

/** Values are numbers and texts, or short lists of them. */
const isSame = (a: unknown, b: unknown): boolean =>
  a === b || (typeof a === "object" && typeof b === "object" && JSON.stringify(a) === JSON.stringify(b))
