/** Which of the readings that a response's headers give is taken of each quota. Total. */
import type { Instant, Reading } from "../Signal.ts"
import { type Field, longest } from "./HeaderDialects.ts"

/** The reading that is taken of a quota; `quota` is the name under which its own dialect has it, or empty. */
export interface Choice {
  readonly family: string
  readonly quota: string
  readonly reading: Reading
}

/**
 * The readings of a response, at most one for each name of a quota (the unnamed reading is one of them).
 *
 * Where several dialects speak of the same quota, the one that says most is taken, and of equals the more standard one:
 * fields of different dialects are not mixed, because they may count different things.
 */
export const choices = (found: ReadonlyArray<Field>): ReadonlyArray<Choice> => {
  const known = new Map<string, Choice>()
  const resources = new Map<string, string>()
  for (const { family, parts, rest, text } of found) {
    if (isResource(rest, text)) resources.set(family, text)
    for (const { isAmbiguous, reading } of parts) {
      if (reading === undefined || isAmbiguous) continue
      const { quota = "" } = reading
      const key = `${family} ${quota}`
      const before = known.get(key)
      known.set(key, { family, quota, reading: before === undefined ? reading : merge(before.reading, reading) })
    }
  }
  const best = new Map<string, Choice & { readonly weight: number }>()
  for (const { family, quota, reading: told } of known.values()) {
    // GitHub says in a header of its own which of its quotas the others are about.
    const resource = quota === "" ? resources.get(family) : undefined
    const reading = resource === undefined ? told : { ...told, quota: resource }
    const weight = Object.keys(reading).length * 10 - rank(family)
    const { quota: name = "" } = reading
    if (weight > (best.get(name)?.weight ?? -Infinity)) best.set(name, { family, quota, reading, weight })
  }
  return [...best.values()].slice(0, longest.members)
}

/** Whether a header names the quota that the others of its dialect are about. */
export const isResource = (rest: string | undefined, text: string): boolean =>
  rest === "resource" && /^[\w.-]{1,64}$/.test(text)

/** Two of the same name in one dialect: the tighter of each field, and the reset that needs no clock in common. */
const merge = (a: Reading, b: Reading): Reading => {
  const limit = least(a.limit, b.limit)
  const remaining = least(a.remaining, b.remaining)
  return {
    ...a,
    ...b,
    ...(limit !== undefined && { limit }),
    ...(remaining !== undefined && { remaining }),
    ...(a.reset && b.reset && { reset: nearer(a.reset, b.reset) })
  }
}

const least = (a: number | undefined, b: number | undefined): number | undefined =>
  a === undefined ? b : b === undefined ? a : Math.min(a, b)

const nearer = (a: Instant, b: Instant): Instant =>
  a.kind === b.kind ? (a.millis >= b.millis ? a : b) : a.kind === "after" ? a : b

const rank = (family: string): number => {
  const place = ["ratelimit", "x-ratelimit", "x-rate-limit"].indexOf(family)
  return place === -1 ? 3 : place
}
