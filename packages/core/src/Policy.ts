/**
 * What a provider promises, as a document: a file to keep, to send and to plan with.
 *
 * Each quota is written with the kinds and the options of `Quota`, and tells whose it is (`per`) and what says so (`source`).
 *
 * @example
 * ```json
 * {
 *   "provider": "example",
 *   "quotas": [
 *     { "name": "reads", "kind": "rolling", "limit": 100, "window": "1 second", "per": "key", "source": "ratelimit-policy header" }
 *   ]
 * }
 * ```
 */
import { Data, Effect, Schema, SchemaIssue, SchemaTransformation } from "effect"
import * as Quota from "./Quota.ts"
import { QuotaJson } from "./quota/Json.ts"

export { QuotaJson as Quota }

/** A quota with whose it is (`key`, `address`, `workspace`), and what says so: a header, a page and its date. */
export interface Stated {
  readonly quota: Quota.Quota
  readonly per?: string
  readonly source?: string
}

export interface Policy {
  readonly provider: string
  /** One or more, each with a name of its own. */
  readonly quotas: ReadonlyArray<Stated>
}

/** A document that is no policy: where in it (`quotas[1].limit`), and what was expected and found there. */
export class PolicyError extends Data.TaggedError("PolicyError")<{
  readonly problems: ReadonlyArray<{ readonly field: string; readonly says: string }>
}> {
  override get message() {
    return this.problems.map(({ field, says }) => `Policy: ${field}: ${says}`).join("\n")
  }
}

const { source: _, ...fields } = QuotaJson.from.fields

const Written = Schema.Struct({
  ...fields,
  name: Schema.NonEmptyString,
  per: Schema.optionalKey(Schema.NonEmptyString),
  source: Schema.optionalKey(Schema.NonEmptyString)
})

const isStated = (input: unknown): input is Stated =>
  typeof input === "object" && input !== null && "quota" in input && Quota.isQuota(input.quota)

const Entry = Written.pipe(
  Schema.decodeTo(
    Schema.declare(isStated, { expected: "a quota and whose it is" }),
    SchemaTransformation.transformEffect({
      decode: ({ per, source, ...definition }, options) =>
        Effect.try({
          try: () => ({
            // `make` reads the text of a duration.
            quota: Quota.make(definition as Quota.Definition),
            ...(per !== undefined && { per }),
            ...(source !== undefined && { source })
          }),
          catch: (error) => new SchemaIssue.InvalidValue({ message: (error as Error).message }, definition, options)
        }),
      encode: ({ per, quota, source }) =>
        Effect.succeed({
          ...written(quota),
          ...(per !== undefined && { per }),
          ...(source !== undefined && { source })
        })
    })
  )
)

/** Names tell quotas apart, in reports and on the command line. */
const differ = Schema.makeFilter<ReadonlyArray<Stated>>(
  (stated) => new Set(stated.map(({ quota }) => quota.name)).size === stated.length,
  { expected: "quotas of different names" }
)

/** A policy read from JSON and written to it; what is as always is left out. */
export const Policy = Schema.Struct({
  provider: Schema.NonEmptyString,
  quotas: Schema.Array(Entry).check(Schema.isMinLength(1), differ)
})

const decode = Schema.decodeUnknownEffect(Policy, { errors: "all", onExcessProperty: "error" })
const encode = Schema.encodeSync(Policy)
const issuesOf = SchemaIssue.makeFormatterStandardSchemaV1()

/** Reads a parsed document; unknown fields are mistakes as well. */
export const fromJson = (json: unknown): Effect.Effect<Policy, PolicyError> =>
  Effect.mapError(
    decode(json),
    ({ issue }) =>
      new PolicyError({
        problems: issuesOf(issue).issues.map(({ message, path = [] }) => ({ field: fieldOf(path), says: message }))
      })
  )

/** Reads the text of a file. */
export const fromText = (text: string): Effect.Effect<Policy, PolicyError> =>
  Effect.flatMap(
    Effect.try({
      try: (): unknown => JSON.parse(text),
      catch: (error) => new PolicyError({ problems: [{ field: "the document", says: (error as Error).message }] })
    }),
    fromJson
  )

/** The document of a policy. */
export const toJson = (policy: Policy): typeof Policy.Encoded => encode(policy)

/** The quotas of a policy by name. */
export const quotas = (policy: Policy): Readonly<Record<string, Quota.Quota>> =>
  Object.fromEntries(policy.quotas.map(({ quota }) => [quota.name, quota]))

const fieldOf = (path: ReadonlyArray<PropertyKey | { readonly key: PropertyKey }>): string =>
  path
    .map((part) => (typeof part === "object" ? part.key : part))
    .reduce<string>((field, key) => (typeof key === "number" ? `${field}[${key}]` : join(field, String(key))), "") ||
  "the document"
const join = (field: string, key: string) => (field === "" ? key : `${field}.${key}`)

/** Kind, limit and window, and those of the options that are not what they are by default. */
const written = (quota: Quota.Quota): typeof Written.Encoded => {
  const { kind, limit, name, windowMillis } = quota
  const usual = Quota.definition(Quota.make({ kind, name, limit, window: windowMillis }))
  const unusual = Object.entries(Quota.definition(quota)).filter(
    ([key, value]) => key !== "source" && JSON.stringify(value) !== JSON.stringify(usual[key as keyof Quota.Definition])
  )
  return {
    name,
    kind,
    ...(kind !== "unpublished" && { limit }),
    ...(kind !== "concurrency" && { window: spanOf(windowMillis) }),
    // Each stands in the definition under its own name, in the form in which it is read.
    ...(Object.fromEntries(unusual) as Omit<typeof Written.Encoded, "name" | "kind">)
  }
}

/** In the largest unit that leaves no rest: `90 seconds`. */
const spanOf = (millis: number): string => {
  const [name, length] = units.find(([, length]) => millis % length === 0) ?? units[units.length - 1] ?? ["milli", 1]
  const count = millis / length
  return `${count} ${name}${count === 1 ? "" : "s"}`
}
const units: ReadonlyArray<readonly [string, number]> = [
  ["day", 86_400_000],
  ["hour", 3_600_000],
  ["minute", 60_000],
  ["second", 1000],
  ["milli", 1]
]
