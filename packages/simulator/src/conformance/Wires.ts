/**
 * Answers that a server might send: the literal refusals, the simulation's own answers, and what becomes of both when
 * parts of them are lost, doubled, replaced by rubbish, or come from somebody else on the way.
 *
 * Made by a small grammar and not by `effect/Arbitrary`, which takes a third of a millisecond for each: a hundred thousand
 * are affordable so, and each is made anew from the seed and its own index alone.
 */
import type { Wire } from "@sluice/core/Provider"
import * as Seeded from "../Seeded.ts"
import { below, bodies, chance, headerNames, headerValue, jsonValue, pathLike, pick, testHeaders } from "./Rubbish.ts"
import { credentials, pathOf, type Setting, startMillis } from "./Subject.ts"

const statuses = [200, 200, 204, 302, 400, 401, 403, 404, 422, 429, 429, 500, 503] as const
/** More of a body is never shown to `decode`. */
const maxBody = 65_536
const instants = [startMillis, 0, Date.UTC(2000, 1, 29), Date.UTC(2038, 0, 19, 3, 14, 7, 999)] as const

/** The made-up answers, by index; the same index gives the same answer. */
export const generator = (setting: Setting, origins: ReadonlyArray<Wire>): ((index: number) => Wire) => {
  const { provider, requests, seed } = setting
  const targets = requests.map((request) => ({
    method: request.method,
    path: pathOf(provider, request)
  }))
  const trees = new Map(origins.map((origin) => [origin, treeOf(origin.body)]))
  return (index) => {
    const seeded = Seeded.make(seed, "wire", String(index))
    const origin = origins[below(seeded, Math.max(1, origins.length))] ?? nobody
    const receivedAtMillis = pick(seeded, instants)
    const target = chance(seeded, 3) ? targets[below(seeded, Math.max(1, targets.length))] : undefined
    const request = { ...(target ?? origin.request), headers: credentials(provider) }
    return Object.freeze({
      request: Object.freeze(chance(seeded, 12) ? strange(seeded, request) : request),
      status: chance(seeded, 3) ? pick(seeded, statuses) : origin.status,
      headers: Object.freeze(headersOf(seeded, origin, receivedAtMillis)),
      body: bodyOf(seeded, origin.body, trees.get(origin)).slice(0, maxBody),
      receivedAtMillis
    })
  }
}

/** A request to some other path, or in a test mode. */
const strange = (seeded: Seeded.Seeded, { headers, method, path }: Wire["request"]): Wire["request"] =>
  chance(seeded, 2)
    ? { method, path: pathLike(seeded, path), ...(headers && { headers }) }
    : { method, path, headers: { ...headers, [pick(seeded, testHeaders)]: headerValue(seeded, startMillis) } }

const nobody: Wire = {
  request: { method: "GET", path: "/" },
  status: 429,
  headers: {},
  body: "",
  receivedAtMillis: startMillis
}

const headersOf = (seeded: Seeded.Seeded, { headers }: Wire, nowMillis: number) => {
  const known = Object.entries(headers)
  const made = new Map(chance(seeded, 5) ? [] : known)
  for (let edits = below(seeded, 4); edits > 0; edits--) {
    const own = known[below(seeded, known.length + 1)]?.[0]
    const name = own !== undefined && chance(seeded, 2) ? own : pick(seeded, headerNames)
    if (chance(seeded, 6)) made.delete(name)
    else made.set(name, headerValue(seeded, nowMillis))
  }
  return Object.fromEntries(made)
}

const bodyOf = (seeded: Seeded.Seeded, body: string, tree: Tree | undefined): string => {
  switch (below(seeded, 8)) {
    case 0:
      // Long ones cost much and teach the same each time.
      return pick(seeded, chance(seeded, 50) ? bodies : short)
    case 1:
      return body.slice(0, below(seeded, body.length + 1))
    case 2: {
      const at = below(seeded, body.length + 1)
      return body.slice(0, at) + pick(seeded, marks) + body.slice(at + below(seeded, 4))
    }
    case 3:
      return body.startsWith("{") ? `{"__proto__":{"polluted":true},${body.slice(1)}` : body
    case 4:
    case 5:
      return tree ? mutated(seeded, tree) : body
    default:
      return body
  }
}

const marks = [
  '"',
  "{",
  "}",
  "[",
  ",",
  ":",
  "\\",
  "1",
  "-",
  "null",
  "\u0000",
  "\ud800",
  "é",
  "\n",
  " ",
  '"a":1,'
] as const
const short: readonly [string, ...ReadonlyArray<string>] = ["", ...bodies.filter((body) => body.length < 200)]

/** A body's value, and the places in it by their keys. */
interface Tree {
  readonly value: unknown
  readonly paths: ReadonlyArray<ReadonlyArray<string>>
}

const treeOf = (body: string): Tree | undefined => {
  try {
    const value: unknown = JSON.parse(body)
    // Of long lists the first items say it all.
    const paths = pathsIn(value, []).slice(0, 200)
    return body.length <= 4096 && paths.length > 0 ? { value, paths } : undefined
  } catch {
    return undefined
  }
}

const pathsIn = (value: unknown, at: ReadonlyArray<string>): ReadonlyArray<ReadonlyArray<string>> =>
  typeof value === "object" && value !== null
    ? Object.entries(value).flatMap(([name, part]) => [[...at, name], ...pathsIn(part, [...at, name])])
    : []

/** The body with one place replaced or gone. */
const mutated = (seeded: Seeded.Seeded, { paths, value }: Tree): string => {
  const path = paths[below(seeded, paths.length)] ?? []
  const part = chance(seeded, 5) ? undefined : jsonValue(seeded)
  return JSON.stringify(replaced(value, path, part))
}

const replaced = (value: unknown, [name, ...rest]: ReadonlyArray<string>, part: unknown): unknown => {
  if (name === undefined || typeof value !== "object" || value === null) return part
  const entries = Object.entries(value).map(([key, one]) => [key, key === name ? replaced(one, rest, part) : one])
  return Array.isArray(value) ? entries.map(([, one]) => one) : Object.fromEntries(entries)
}

/** The answer with what does not matter taken away: as long as `matters` holds of what is left. */
export const smallest = (wire: Wire, matters: (wire: Wire) => boolean): Wire => {
  let least = wire
  const attempt = (more: Partial<Wire>) => {
    const candidate = { ...least, ...more }
    if (!matters(candidate)) return false
    least = candidate
    return true
  }
  for (const name of Object.keys(wire.headers)) {
    attempt({ headers: Object.fromEntries(Object.entries(least.headers).filter(([other]) => other !== name)) })
  }
  if (!attempt({ body: "" })) {
    for (let size = Math.ceil(least.body.length / 2); size >= 1; size = Math.floor(size / 2)) {
      for (let at = 0; at < least.body.length && at < 64 * size;) {
        if (!attempt({ body: least.body.slice(0, at) + least.body.slice(at + size) })) at += size
      }
    }
  }
  return least
}
