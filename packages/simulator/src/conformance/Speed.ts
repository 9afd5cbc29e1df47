/**
 * Whether `decode` takes no longer than the answer is long.
 *
 * Backtracking shows on texts that almost match, again and again: so each place of an answer (every header, the whole body,
 * every text in it) is filled with repetitions of the pieces of which the provider's own answers are made. Sizes grow from a
 * few characters, which an exponential search does not survive, to 64 KiB, where a quadratic one takes seconds. A size that
 * takes more than `mostMillis` is measured three times, because machines pause, and the best of three counts; one that takes
 * `hopelessMillis` is not tried again.
 */
import type { Wire } from "@sluice/core/Provider"
import { type Finding, type Refute, withoutStacks } from "./Check.ts"
import * as Decoded from "./Decoded.ts"
import { headerNames } from "./Rubbish.ts"
import type { Setting } from "./Subject.ts"

/** Decoding 64 KiB takes a millisecond or two. */
const mostMillis = 150
const hopelessMillis = 1000
const sizes = [20, 24, 28, 32, 40, 48, 64, 96, 128, 256, 1024, 8192, 24_576, 65_536] as const
/** What comes at the end makes a search fail that had almost succeeded. */
const end = "\u0000"
/** Servers and clients refuse longer headers. */
const maxHeader = 16_384

export const examine = (setting: Setting, refute: Refute): Finding => {
  const refusals = Decoded.origins(setting).filter(({ status }) => status === "refusal")
  const wires = distinct(refusals.map(({ wire }) => wire))
  let slowest = { millis: 0, text: "" }
  let count = 0
  return withoutStacks(() => {
    for (const wire of wires) {
      for (const { fill, place, unit } of attacksOn(wire)) {
        for (const size of sizes) {
          const attacked = fill(unit.repeat(Math.ceil(size / unit.length)).slice(0, size) + end)
          count++
          const millis = timed(setting, attacked)
          if (millis > slowest.millis)
            slowest = { millis, text: `${place} of ${size} characters, ${JSON.stringify(unit)}` }
          if (millis <= mostMillis) continue
          return refute({
            rule: `decode takes at most ${mostMillis} ms for an answer of 64 KiB.`,
            input: `${place} of ${size} characters, ${JSON.stringify(unit)} again and again`,
            value: `${Math.round(millis)} ms`,
            advice:
              "Bound what a regular expression may repeat (\\s{0,40} and not \\s*), let one position of the text begin a match, " +
              "or test for a plain text before: a server could stop the program with one answer."
          })
        }
      }
    }
    return `${count} hostile answers, the slowest took ${slowest.millis.toFixed(1)} ms: ${slowest.text}`
  })
}

const timed = ({ provider }: Setting, wire: Wire): number => {
  let best = Infinity
  for (let attempt = 0; attempt < 3 && best > mostMillis && (attempt === 0 || best < hopelessMillis); attempt++) {
    const startedAt = performance.now()
    provider.decode(wire)
    best = Math.min(best, performance.now() - startedAt)
  }
  return best
}

interface Attack {
  readonly place: string
  readonly unit: string
  readonly fill: (text: string) => Wire
}

const attacksOn = (wire: Wire): ReadonlyArray<Attack> => {
  const names = new Set([...Object.keys(wire.headers), ...headerNames])
  const ofHeaders = [...names].flatMap((name) =>
    headerUnits.map((unit) => ({
      place: `the header ${name}`,
      unit,
      fill: (text: string) => ({ ...wire, headers: { ...wire.headers, [name]: text.slice(0, maxHeader) } })
    }))
  )
  const { keys, texts } = partsOf(wire.body)
  const pieces = [
    ...units,
    ...keys.flatMap((key) => [`"${key}"`, `"${key}":`, `"${key}":"`, `"${key}":{`, `"${key}" `])
  ]
  const ofBody = pieces.map((unit) => ({ place: "the body", unit, fill: (text: string) => ({ ...wire, body: text }) }))
  const ofTexts = texts.flatMap((text) =>
    [...units, ...phrasesOf(text)].map((unit) => ({
      place: `the text that was ${JSON.stringify(text.slice(0, 60))}`,
      unit,
      fill: (filled: string) => ({
        ...wire,
        body: wire.body.replace(JSON.stringify(text), () => JSON.stringify(filled)).slice(0, 65_536)
      })
    }))
  )
  return [...ofHeaders, ...ofBody, ...ofTexts]
}

const headerUnits = ["1", " ", "1,", "1.", "a=", '"', "1s", "a;", "-1 ", "a"] as const
const units = ["1", " ", "\t\n", '"', "\\", "{", "[", ",", "a", "a ", "1 ", "<a", "-", "."] as const

/** The keys of a body, and the texts that stand in it. */
const partsOf = (body: string): { readonly keys: ReadonlyArray<string>; readonly texts: ReadonlyArray<string> } => {
  const keys = new Set<string>()
  const texts = new Set<string>()
  try {
    JSON.parse(body, (name: string, value: unknown) => {
      if (!/^\d*$/.test(name)) keys.add(name)
      if (typeof value === "string" && value.length > 2) texts.add(value)
      return value
    })
  } catch {
    // What is almost JSON has keys as well.
    for (const [, name = ""] of body.matchAll(/"(\w{1,40})"\s{0,9}:/g)) keys.add(name)
  }
  return { keys: [...keys].slice(0, 12), texts: [...texts].slice(0, 6) }
}

/** Up to three words in a row, with the space after them: what a reader of sentences looks for. */
const phrasesOf = (text: string): ReadonlyArray<string> => {
  const words = text.split(" ").slice(0, 12)
  return words.flatMap((_, i) => [1, 2, 3].map((count) => `${words.slice(i, i + count).join(" ")} `))
}

/** Of refusals with the same keys in their bodies, one. */
const distinct = (wires: ReadonlyArray<Wire>): ReadonlyArray<Wire> => [
  ...new Map(wires.map((wire) => [`${wire.status} ${partsOf(wire.body).keys.join()}`, wire])).values()
]
