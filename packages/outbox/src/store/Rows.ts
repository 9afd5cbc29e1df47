/** A ticket as a row of its table, and back. */
import { Schema, SchemaTransformation } from "effect"
import { Call } from "../Call.ts"
import { Failure, Trouble } from "../Failure.ts"
import { State, type Stored, StoredAnswer } from "../OutboxStore.ts"

/** Integers of 64 bits come as a number, as text or as a bigint, by driver; none here is larger than a number takes. */
const Whole = Schema.Union([
  Schema.Int,
  Schema.FiniteFromString,
  Schema.BigInt.pipe(Schema.decodeTo(Schema.Int, SchemaTransformation.transform({ decode: Number, encode: BigInt })))
])
const json = <S extends Schema.Constraint>(schema: S) => Schema.fromJsonString(Schema.toCodecJson(schema))

const columns = Schema.Struct({
  id: Schema.String,
  place: Whole,
  provider: Schema.String,
  route: Schema.String,
  subject: Schema.NullOr(Schema.String),
  priority: Whole,
  call: json(Call),
  idempotency_key: Schema.String,
  state: State,
  behind: Whole,
  due_at: Whole,
  expires_at: Schema.NullOr(Whole),
  attempts: Whole,
  max_attempts: Whole,
  when_in_doubt: Schema.Literals(["send", "hold"]),
  in_doubt: Whole,
  first_sent_at: Schema.NullOr(Whole),
  sent_at: Schema.NullOr(Whole),
  trouble: Schema.NullOr(json(Trouble)),
  failure: Schema.NullOr(json(Failure)),
  answer: Schema.NullOr(json(StoredAnswer)),
  superseded_by: Schema.NullOr(Schema.String),
  merged_into: Schema.NullOr(Schema.String),
  created_at: Whole,
  updated_at: Whole,
  revision: Whole
})

const decodeColumns = Schema.decodeUnknownEffect(Schema.Array(columns))

const storedOf = (row: typeof columns.Type): Stored => ({
  id: row.id,
  place: row.place,
  provider: row.provider,
  route: row.route,
  subject: row.subject,
  priority: row.priority,
  call: row.call,
  idempotencyKey: row.idempotency_key,
  state: row.state,
  isBehind: row.behind !== 0,
  dueAt: row.due_at,
  expiresAt: row.expires_at,
  attempts: row.attempts,
  maxAttempts: row.max_attempts,
  whenInDoubt: row.when_in_doubt,
  isInDoubt: row.in_doubt !== 0,
  firstSentAt: row.first_sent_at,
  sentAt: row.sent_at,
  trouble: row.trouble,
  failure: row.failure,
  answer: row.answer,
  supersededBy: row.superseded_by,
  mergedInto: row.merged_into,
  createdAt: row.created_at,
  updatedAt: row.updated_at,
  revision: row.revision
})

export { decodeColumns, storedOf }

/** Columns that may be without a value, without one. */
export const nothing = {
  subject: null,
  expires_at: null,
  first_sent_at: null,
  sent_at: null,
  trouble: null,
  failure: null,
  answer: null,
  superseded_by: null,
  merged_into: null
}

export const encodeCall = Schema.encodeSync(json(Call))
export const encodeTrouble = Schema.encodeSync(json(Trouble))
export const encodeFailure = Schema.encodeSync(json(Failure))
export const encodeAnswer = Schema.encodeSync(json(StoredAnswer))

/** What two calls have in common of which the later makes the earlier needless. */
export const targetOf = ({ method, url, urlParams }: Call): string => JSON.stringify([method, url, urlParams])
