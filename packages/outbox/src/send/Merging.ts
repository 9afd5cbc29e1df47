/** Changes of one resource, as one call: which may be merged, and into what. Pure. */
import { Predicate } from "effect"
import type { Call } from "../Call.ts"
import type { New } from "../OutboxStore.ts"

/** What calls have to have in common beside their provider and subject: they stand and fall together. */
type Alike = Pick<New, "call" | "route" | "expiresAt" | "maxAttempts" | "whenInDoubt">

/** Calls of the same key may be merged; none for a call that is no change of fields. */
export const keyOf = ({ call, expiresAt, maxAttempts, route, whenInDoubt }: Alike): string | undefined => {
  const { body, hash = null, method, url, urlParams } = call
  if (method !== "PATCH" || body._tag !== "Text" || fieldsOf(body.text) === undefined) return undefined
  const headers = Object.entries(withoutLength(call.headers)).toSorted(([a], [b]) => (a < b ? -1 : 1))
  return JSON.stringify([
    [url, urlParams, hash, headers, body.contentType],
    [route, expiresAt, maxAttempts, whenInDoubt]
  ])
}

/** The call that changes all of it: fields of later calls take the place of earlier ones of the same name, as a whole. */
export const callOf = (first: Call, later: ReadonlyArray<Call>): Call => {
  if (later.length === 0 || first.body._tag !== "Text") return first
  const all = [first, ...later].map(({ body }) => (body._tag === "Text" ? fieldsOf(body.text) : undefined))
  return {
    ...first,
    headers: withoutLength(first.headers),
    body: { ...first.body, text: JSON.stringify(Object.fromEntries(all.flatMap((fields) => fields ?? []))) }
  }
}

/** The fields of a JSON object, if it is one and nothing of it is lost when it is written again. */
const fieldsOf = (text: string): ReadonlyArray<readonly [string, unknown]> | undefined => {
  if (!numbersIn(text).every(isKept)) return undefined
  try {
    const value: unknown = JSON.parse(text)
    return Predicate.isObject(value) && !Array.isArray(value) ? Object.entries(value) : undefined
  } catch {
    return undefined
  }
}

/** Numbers as they are written, outside of texts. */
const numbersIn = (text: string) => text.replaceAll(/"(?:[^"\\]|\\.)*"/gs, "").match(/\d[\d.eE+-]*/g) ?? []

/** A float keeps fifteen digits, and has an end. */
const isKept = (number: string) =>
  Number.isFinite(Number(number)) && (number.split(/e/i)[0] ?? "").replaceAll(/\D/g, "").length <= 15

/** The length is that of the one body. */
const withoutLength = (headers: Call["headers"]): Call["headers"] =>
  Object.fromEntries(Object.entries(headers).filter(([name]) => name !== "content-length"))
