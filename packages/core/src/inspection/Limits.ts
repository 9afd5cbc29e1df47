/** The limits that fields of the dialects tell, and what of them was passed over when one reading was chosen for each. */
import type { Ignored, Limit, Reason } from "../Inspection.ts"
import type { Reading } from "../Signal.ts"
import { type Field, isCut, longest, type Part, policies, type Values, windowMillis } from "../signal/HeaderDialects.ts"
import { type Choice, choices, isResource } from "../signal/ReadingChoice.ts"
import type { Rounding } from "../signal/WireTime.ts"
import * as Moment from "./Moment.ts"

/** Of a value, no more is shown. */
export const longestShown = 128

const numbers = ["limit", "remaining", "reset"] as const

/** Kong and others name their quotas by how long they last. */
const spans: Readonly<Record<string, number>> = { second: 1000, minute: 60_000, hour: 3_600_000, day: 86_400_000 }

interface Piece {
  readonly field: Field
  readonly part: Part
}

/** `readings` are those that a limiter takes of these fields, in the order of the choice. */
export const of = (
  headers: Readonly<Record<string, string | undefined>>,
  fields: ReadonlyArray<Field>,
  readings: ReadonlyArray<Reading>,
  clocks: Moment.Clocks,
  rounding: Rounding
): { readonly limits: ReadonlyArray<Limit>; readonly ignored: ReadonlyArray<Ignored> } => {
  const chosen = choices(fields)
  const pieces = fields.flatMap((field) => field.parts.map((part) => ({ field, part })))
  const beside = fields.flatMap((field) => policies(field, rounding).map((part) => ({ field, part })))
  const taken = chosen.map((choice, index): Limit => {
    const reading = readings[index] ?? choice.reading
    const { reset, ...counts } = reading
    const window = windowOf(choice, [...pieces, ...beside])
    const unit = pieces.find(({ part }) => part.values.unit !== undefined && isOf(choice, { part }))?.part.values.unit
    return {
      dialect: choice.family,
      ...counts,
      ...(window && { windowMillis: window.millis }),
      ...(reset && { reset: Moment.ofReset(reset, clocks) }),
      ...(unit !== undefined && { unit }),
      from: distinct([...fieldsOf(choice, pieces, fields), ...(window ? [window.field.name] : [])]),
      statedBy: distinct([...namesOf(choice, pieces, "limit"), ...(window ? [window.field.name] : [])]),
      isReading: true
    }
  })
  const only = onlyPolicies([...pieces, ...beside], taken)
  return {
    limits: [...taken, ...only],
    ignored: [
      ...pieces.flatMap((piece) => ignoredOf(piece, chosen, pieces, fields, taken)),
      ...fields
        .filter((field) => isCut(field, headers[field.name] ?? ""))
        .map((field) => ignored({ field }, "overlong")),
      ...chosen.flatMap((choice, index) => (taken[index]?.reset?.isPast ? pastOf(choice, pieces) : []))
    ]
  }
}

/** How long the window of a choice is, and the field that tells. */
const windowOf = (choice: Choice, pieces: ReadonlyArray<Piece>) => {
  let longestTold: { readonly millis: number; readonly field: Field } | undefined
  for (const { field, part } of pieces) {
    const { reading, values } = part
    const fits = reading?.limit === undefined ? !part.isAmbiguous : reading.limit === choice.reading.limit
    if (field.family !== choice.family || (part.quota ?? "") !== choice.quota || !fits) continue
    const millis =
      windowMillis(values) ?? (field.rest?.includes(choice.quota) ? spans[lastWord(choice.quota)] : undefined)
    if (millis !== undefined && millis > (longestTold?.millis ?? 0)) longestTold = { millis, field }
  }
  return longestTold
}

const lastWord = (quota: string): string => /[a-z]+$/.exec(quota)?.[0] ?? ""

/** The policies that are no reading: without a name among others, or of a dialect that was not taken. */
const onlyPolicies = (pieces: ReadonlyArray<Piece>, taken: ReadonlyArray<Limit>): ReadonlyArray<Limit> => {
  const found = new Map<string, Limit>()
  for (const { field, part } of pieces) {
    const limit = part.reading?.limit
    const millis = windowMillis(part.values)
    if (limit === undefined || millis === undefined) continue
    const { quota } = part
    const { unit } = part.values
    const isTold = taken.some(
      (other) =>
        other.dialect === field.family &&
        (quota === undefined || other.quota === quota) &&
        other.limit === limit &&
        other.windowMillis === millis
    )
    const key = JSON.stringify([field.family, quota, limit, millis])
    if (isTold || found.has(key)) continue
    found.set(key, {
      dialect: field.family,
      ...(quota !== undefined && quota !== "" && { quota }),
      limit,
      windowMillis: millis,
      ...(unit !== undefined && { unit }),
      from: [field.name],
      statedBy: [field.name],
      isReading: false
    })
  }
  return [...found.values()].slice(0, longest.members)
}

/** What of a part was passed over. */
const ignoredOf = (
  piece: Piece,
  chosen: ReadonlyArray<Choice>,
  pieces: ReadonlyArray<Piece>,
  fields: ReadonlyArray<Field>,
  taken: ReadonlyArray<Limit>
): ReadonlyArray<Ignored> => {
  const { field, part } = piece
  const { isAmbiguous, quota = "", reading, values } = part
  if (Object.keys(values).length === 0) return [ignored(piece, "unreadable")]
  const bad = [...numbers, "window" as const].filter((what) => isWritten(values, what) && !isRead(part, what))
  const unread = bad.map((what) => ignored(piece, "unreadable", [], what))
  const isWindowOf = (limit: Limit) => limit.from.includes(field.name) && limit.windowMillis === windowMillis(values)
  if (isAmbiguous) {
    return taken.some((limit) => isWindowOf(limit) && limit.limit === reading?.limit)
      ? unread
      : [...unread, ignored(piece, "ambiguous")]
  }
  if (reading === undefined) {
    return unread.length > 0 || taken.some(isWindowOf) ? unread : [ignored(piece, "ambiguous")]
  }
  const choice = chosen.find((choice) => choice.family === field.family && choice.quota === quota)
  if (choice === undefined) {
    const winner = chosen.find(({ reading }) => (reading.quota ?? "") === nameOf(quota, field, fields))
    return [
      ...unread,
      winner === undefined ? ignored(piece, "overlong") : ignored(piece, "superseded", fieldsOf(winner, pieces, fields))
    ]
  }
  return [
    ...unread,
    ...numbers
      .filter((what) => reading[what] !== undefined && !agrees(reading, choice.reading, what))
      .map((what) => {
        const by = distinct(namesOf(choice, pieces, what))
        const isFiner = what === "reset" && reading.reset?.kind === "at" && choice.reading.reset?.kind === "after"
        return ignored(piece, isFiner ? "superseded" : "contradictory", by, what)
      })
  ]
}

/** The fields whose reset a choice has, of which a limiter takes nothing because it is past. */
const pastOf = (choice: Choice, pieces: ReadonlyArray<Piece>): ReadonlyArray<Ignored> =>
  pieces
    .filter((piece) => isOf(choice, piece) && holds(piece, choice, "reset"))
    .map((piece) => ignored(piece, "past", [], "reset"))

/** The fields that say what a choice holds, with the one that names it. */
const fieldsOf = (choice: Choice, pieces: ReadonlyArray<Piece>, fields: ReadonlyArray<Field>): ReadonlyArray<string> =>
  distinct([
    ...pieces
      .filter((piece) => isOf(choice, piece) && numbers.some((what) => holds(piece, choice, what)))
      .map(({ field }) => field.name),
    ...fields
      .filter(({ family, rest, text }) => family === choice.family && choice.quota === "" && isResource(rest, text))
      .map(({ name }) => name)
  ])

/** The fields that say one number of it. */
const namesOf = (choice: Choice, pieces: ReadonlyArray<Piece>, what: (typeof numbers)[number]): ReadonlyArray<string> =>
  pieces.filter((piece) => isOf(choice, piece) && holds(piece, choice, what)).map(({ field }) => field.name)

/** The name under which a quota is known beyond its dialect. */
const nameOf = (quota: string, { family }: Field, fields: ReadonlyArray<Field>): string =>
  quota !== ""
    ? quota
    : (fields.findLast((field) => field.family === family && isResource(field.rest, field.text))?.text ?? "")

const isOf = (choice: Choice, { field, part }: { readonly field?: Field; readonly part: Part }): boolean =>
  (field === undefined || field.family === choice.family) && !part.isAmbiguous && (part.quota ?? "") === choice.quota

const holds = ({ part }: Piece, choice: Choice, what: (typeof numbers)[number]): boolean =>
  part.reading?.[what] !== undefined && agrees(part.reading, choice.reading, what)

const agrees = (a: Reading, b: Reading, what: (typeof numbers)[number]): boolean =>
  what === "reset" ? a.reset?.kind === b.reset?.kind && a.reset?.millis === b.reset?.millis : a[what] === b[what]

const isWritten = (values: Values, what: NonNullable<Ignored["what"]>): boolean =>
  what === "window"
    ? values.window !== undefined || values.interval !== undefined
    : what !== "retry" && values[what] !== undefined

const isRead = ({ reading, values }: Part, what: NonNullable<Ignored["what"]>): boolean =>
  what === "window" ? windowMillis(values) !== undefined : what !== "retry" && reading?.[what] !== undefined

const ignored = (
  { field, part }: { readonly field: Field; readonly part?: Part },
  reason: Reason,
  by: ReadonlyArray<string> = [],
  what?: Ignored["what"]
): Ignored => ({
  field: field.name,
  value: (part?.text ?? field.text).trim().slice(0, longestShown),
  ...(what && { what }),
  reason,
  by
})

const distinct = (names: ReadonlyArray<string>): ReadonlyArray<string> => [...new Set(names)]
