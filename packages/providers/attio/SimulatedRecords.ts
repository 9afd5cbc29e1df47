/**
 * Records of the simulated Attio: how values are read that were written, and which of them a filter lets through.
 *
 * - names and addresses of people: https://docs.attio.com/docs/attribute-types, read on 2026-11-22
 * - filters: https://docs.attio.com/rest-api/guides/filtering-and-sorting, read on 2026-11-22
 *
 * Of filters it knows equality, `$and`, `$or` and `$not`.
 */
import type { Context } from "@sluice/core/Simulation"

export const workspace_id = "14beef7a-99f7-4534-a87e-70b564330a4c"
/** So many records are there of each object to begin with. */
export const seeds = 1200

export type Json = Readonly<Record<string, unknown>>
export const isObject = (value: unknown): value is Json =>
  typeof value === "object" && value !== null && !Array.isArray(value)

export const iso = (millis: number) => new Date(millis).toISOString()
export const uuid = (kind: number, index: number) =>
  `${kind.toString(16).padStart(8, "0")}-0000-4000-8000-${index.toString(16).padStart(12, "0")}`

/** A text is "Last name(s), First name(s)", or only the first name. */
const nameOf = (value: unknown): Json => {
  if (isObject(value)) return value
  const [last = "", ...rest] = String(value).split(",")
  const [first_name, last_name] = rest.length === 0 ? [last.trim(), ""] : [rest.join(",").trim(), last.trim()]
  return { first_name, last_name, full_name: `${first_name} ${last_name}`.trim() }
}

const addressOf = (value: unknown): Json => {
  const original_email_address = String(isObject(value) ? value["email_address"] : value)
  const email_address = original_email_address.toLowerCase()
  const [email_local_specifier = "", email_domain = ""] = email_address.split("@")
  const email_root_domain = email_domain.split(".").slice(-2).join(".")
  return { email_address, original_email_address, email_domain, email_root_domain, email_local_specifier }
}

/** What is written of an attribute, as it is read again. */
const valueOf = (object: string, slug: string, value: unknown): Json => {
  if (object === "people" && slug === "name") return { ...nameOf(value), attribute_type: "personal-name" }
  if (object === "people" && slug === "email_addresses") return { ...addressOf(value), attribute_type: "email-address" }
  return { value: isObject(value) && "value" in value ? value["value"] : value, attribute_type: "text" }
}

type Values = Readonly<Record<string, ReadonlyArray<Json>>>

const record = (object: string, record_id: string, created: number, values: Json) => ({
  id: { workspace_id, object_id: uuid(1, object.length), record_id },
  created_at: iso(created),
  web_url: `https://app.attio.com/acme/${object}/${record_id}`,
  values: Object.fromEntries(
    Object.entries(values).map(([slug, written]) => [
      slug,
      (Array.isArray(written) ? written : [written]).map((value: unknown) => ({
        active_from: iso(created),
        active_until: null,
        created_by_actor: { type: "api-token", id: uuid(3, 1) },
        ...valueOf(object, slug, value)
      }))
    ])
  ) as Values
})

type Saved = ReturnType<typeof record>

const seedsOf = (object: string): ReadonlyArray<Saved> =>
  Array.from({ length: seeds }, (_, index) =>
    record(
      object,
      uuid(2, index),
      Date.UTC(2023, 4, 23) + index * 60_000,
      object === "people"
        ? { name: `${index}, Person`, email_addresses: `user-${index}@example.com` }
        : { name: `Record ${index}` }
    )
  )

let people: ReadonlyArray<Saved> | undefined

/** All records of an object that this server has, the oldest first. */
export const all = ({ memory }: Context, object: string): Array<Saved> => {
  const known = memory.get(object) as Array<Saved> | undefined
  if (known) return known
  // People are the same in every server at first, and are asked for most: they are made once.
  const records = [...(object === "people" ? (people ??= seedsOf(object)) : seedsOf(object))]
  memory.set(object, records)
  return records
}

export const find = (context: Context, object: string, id: string): Saved | undefined =>
  all(context, object).find((saved) => saved.id.record_id === id)

export const create = (context: Context, object: string, values: Json): Saved => {
  const records = all(context, object)
  const saved = record(object, uuid(8, records.length), context.nowMillis, values)
  records.push(saved)
  return saved
}

/** Leaves the attributes alone that are not named; none if there is no such record. */
export const update = (context: Context, object: string, id: string, values: Json): Saved | undefined => {
  const records = all(context, object)
  const index = records.findIndex((saved) => saved.id.record_id === id)
  const old = records[index]
  if (!old) return undefined
  const saved = { ...old, values: { ...old.values, ...record(object, id, context.nowMillis, values).values } }
  records[index] = saved
  return saved
}

type Predicate = (values: Values) => boolean

/** What a filter lets through; nothing if it has an operator that is not simulated. */
export const predicateOf = (filter: unknown): Predicate | undefined => {
  if (!isObject(filter)) return undefined
  const parts = Object.entries(filter).map(([key, part]): Predicate | undefined => {
    if (key === "$not") return not(predicateOf(part))
    if (key === "$and" || key === "$or") return joined(key, Array.isArray(part) ? part.map(predicateOf) : [undefined])
    return key.startsWith("$") ? undefined : equal(key, part)
  })
  return joined("$and", parts)
}

const not = (predicate: Predicate | undefined): Predicate | undefined => predicate && ((values) => !predicate(values))

const joined = (operator: "$and" | "$or", parts: ReadonlyArray<Predicate | undefined>): Predicate | undefined => {
  const predicates = parts.filter((part) => part !== undefined)
  if (predicates.length < parts.length) return undefined
  return (values) =>
    operator === "$and" ? predicates.every((part) => part(values)) : predicates.some((part) => part(values))
}

/** `slug: x`, `slug: { $eq: x }`, `slug: { property: x }` or `slug: { property: { $eq: x } }`. */
const equal = (slug: string, condition: unknown, property?: string): Predicate | undefined => {
  if (!isObject(condition)) {
    return (values) => (values[slug] ?? []).some((value) => value[property ?? impliedOf(value)] === condition)
  }
  const [[key, inner] = ["", undefined], ...others] = Object.entries(condition)
  if (others.length > 0) return undefined
  if (key === "$eq") return isObject(inner) ? undefined : equal(slug, inner, property)
  return key === "" || key.startsWith("$") || property !== undefined ? undefined : equal(slug, inner, key)
}

const impliedOf = (value: Json) =>
  "full_name" in value ? "full_name" : "email_address" in value ? "email_address" : "value"
