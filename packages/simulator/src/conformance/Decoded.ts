/** Whether `decode` makes something sound of any answer, and tells nobody the key. */
import type { Decoded, Wire } from "@sluice/core/Provider"
import { isRateLimited, type RateLimited } from "@sluice/core/RateLimited"
import { DateTime, Duration, Option, Predicate } from "effect"
import { type Finding, type Refute, withoutStacks } from "./Check.ts"
import { type Broken, firstBroken, type Rule } from "./Rule.ts"
import * as Sound from "./SoundSignal.ts"
import * as Simulated from "./Simulated.ts"
import { type AnyProvider, key, type Setting } from "./Subject.ts"
import { show } from "./Violation.ts"
import * as Wires from "./Wires.ts"

interface Case {
  readonly provider: AnyProvider
  readonly wire: Wire
  readonly decoded: Decoded<RateLimited>
  /** The `_tag` of the provider's errors, once one was seen. */
  readonly tag: string | undefined
}

export const examine = (setting: Setting, refute: Refute): Finding => {
  const { fixtures, fuzz, provider, seed } = setting
  const tag = fixtures.map((wire) => provider.decode(wire).refusal?._tag).find((tag) => tag !== undefined)
  const isRefusal429 = origins(setting).some(({ status, wire }) => wire.status === 429 && status === "refusal")
  const always = isRefusal429 ? [...rules, refusesWith429] : rules

  const brokenBy = (wire: Wire, rules: ReadonlyArray<Rule<Case>>): Broken<Case> | undefined => {
    const decoded = decodedBy(provider, wire)
    return "value" in decoded ? decoded : firstBroken(rules, { provider, wire, decoded, tag })
  }
  const refuted = (wire: Wire, { rule }: { readonly rule: Rule<Case> }, index?: number) => {
    const least = Wires.smallest(wire, (smaller) => brokenBy(smaller, [rule])?.rule === rule)
    const value = brokenBy(least, [rule])?.value ?? ""
    const replay = index === undefined ? {} : { replay: { seed, index } }
    return refute({ rule: rule.says, input: showWire(least), value, advice: rule.advice, ...replay })
  }

  for (const { status, wire } of origins(setting)) {
    const expected = status === "refusal" ? [isRefused] : status === "answer" ? [isAnswered] : []
    const found = brokenBy(wire, [...always, ...costly, ...expected])
    if (found) return refuted(wire, found)
  }
  const made = generator(setting)
  return withoutStacks(() => {
    const polluted = "polluted"
    for (let index = 0; index < fuzz; index++) {
      const wire = made(index)
      const found = brokenBy(wire, index % 16 === 0 ? [...always, ...costly] : always)
      if (found) return refuted(wire, found, index)
    }
    return polluted in {} ? refute(pollutes) : `${origins(setting).length} true and ${fuzz} made-up answers`
  })
}

/** Every literal refusal and every kind of answer that the simulation gives. */
export const origins = (
  setting: Setting
): ReadonlyArray<{ readonly wire: Wire; readonly status: "refusal" | "answer" | "error" }> => {
  const known = memory.get(setting)
  if (known) return known
  const { fixtures, requests } = setting
  const refusals = requests.flatMap((request) => Simulated.spend(setting, request)?.wire ?? [])
  const answers = requests.flatMap((request) => Simulated.answer(setting, request) ?? [])
  const found = [
    ...[...fixtures, ...refusals].map((wire) => ({ wire, status: "refusal" as const })),
    ...answers.map((wire) => ({ wire, status: wire.status < 400 ? ("answer" as const) : ("error" as const) }))
  ]
  memory.set(setting, found)
  return found
}
const memory = new WeakMap<Setting, ReturnType<typeof origins>>()

/** The made-up answers of a subject, by index. */
export const generator = (setting: Setting): ((index: number) => Wire) =>
  Wires.generator(
    setting,
    origins(setting).map(({ wire }) => wire)
  )

/** What the provider makes of an answer, or how it fails to. */
const decodedBy = (provider: AnyProvider, wire: Wire): Decoded<RateLimited> | Broken<Case> => {
  try {
    const decoded = provider.decode(wire)
    return Predicate.hasProperty(decoded, "signal") ? decoded : { rule: returns, value: show(decoded) }
  } catch (error) {
    return { rule: returns, value: `it throws ${show(error)}` }
  }
}

const returns: Rule<Case> = {
  says: "decode returns a signal for every answer.",
  broken: () => undefined,
  advice:
    "Read headers with Signal.fromHeaders and bodies with RateLimited.reader, which give nothing where there is nothing."
}

/** Asked of every answer. */
const rules: ReadonlyArray<Rule<Case>> = [
  {
    says: "The numbers of a signal are finite and not negative, its names are texts, its lists are lists.",
    broken: ({ decoded }) => Sound.unsound(decoded.signal),
    advice: "Read numbers with Signal's readers; leave out a field that cannot be read, in place of NaN or -1."
  },
  {
    says: "A refusal is the provider's own tagged error with the fields that all providers share.",
    broken: ({ decoded: { refusal }, provider, tag }) =>
      refusal === undefined
        ? undefined
        : !(refusal instanceof Error && isRateLimited(refusal))
          ? show(refusal)
          : refusal.provider !== provider.id
            ? `provider is ${show(refusal.provider)}`
            : tag !== undefined && refusal._tag !== tag
              ? `${refusal._tag}, where others are ${tag}`
              : Sound.unsoundFields(refusal),
    advice: "Make it a Schema.TaggedError of RateLimited.fields, one class for every refusal."
  },
  {
    says: "retryAt is retryAfter counted from the response: both are told or none, above zero.",
    broken: ({ decoded: { refusal }, wire }) => refusal && inconsistent(refusal, wire),
    advice:
      "Take both from RateLimited.refused, which reads an instant of the server's clock by the response's own Date."
  },
  {
    says: "The signal of a refusal says when to come back if its error does, and only then.",
    broken: ({ decoded: { refusal, signal } }) =>
      refusal === undefined || Option.isSome(refusal.retryAfter) === (signal.retry !== undefined)
        ? undefined
        : `retryAfter is ${show(refusal.retryAfter)}, and the signal's retry ${show(signal.retry)}`,
    advice: "Return the signal and the common fields that RateLimited.refused gives together."
  },
  {
    says: "A provider whose refusals are known by their status refuses with no status below 400.",
    broken: ({ decoded: { refusal }, provider, wire }) =>
      refusal !== undefined && provider.reads === "errors" && wire.status < 400 ? show(refusal) : undefined,
    advice: 'Decide by the status; or say reads: "json", without which no body of such an answer is read.'
  },
  {
    says: "raw is the body as it came, at most 64 KiB of it.",
    broken: ({ decoded: { refusal }, wire }) =>
      refusal === undefined || refusal.raw === wire.body.slice(0, 65_536) ? undefined : show(refusal.raw),
    advice: "Pass raw: wire.body, whatever else could be read of it."
  },
  {
    says: "The message of a refusal tells something, and not the key.",
    broken: ({ decoded: { refusal } }) =>
      refusal === undefined || (refusal.message.length > 0 && !refusal.message.includes(key))
        ? undefined
        : show(refusal.message),
    advice: "Make it with RateLimited.sentence; wire.request.headers hold the key and belong into no message."
  }
]

/** Asked of one in sixteen, because they take longer than decode itself. */
const costly: ReadonlyArray<Rule<Case>> = [
  {
    says: "An error can be written out, as a text and as JSON.",
    broken: ({ decoded: { refusal } }) => {
      if (refusal) void [String(refusal), JSON.stringify(refusal)]
      return undefined
    },
    advice: "Keep no values as deep as the server likes: whoever logs them runs out of stack."
  },
  {
    says: "Neither the error nor the signal tells the key: as text, as JSON, or in any of their fields.",
    broken: ({ decoded }) => Sound.telling(decoded, key),
    advice: "Copy no headers of the request into errors or signals: they are logged, and so would be the key."
  },
  {
    says: "The same answer is decoded alike.",
    broken: ({ decoded, provider, wire }) => {
      const [first, second] = [decoded, provider.decode(wire)].map(plain)
      return first === second ? undefined : show([first, second])
    },
    advice:
      "Keep no state between two calls, such as the lastIndex of a regular expression with the flag g, or the time."
  }
]

const refusesWith429: Rule<Case> = {
  says: "An answer with the status 429 is the provider's refusal, whatever its body.",
  broken: ({ decoded: { refusal }, wire }) => (wire.status === 429 && refusal === undefined ? "no refusal" : undefined),
  advice: "Decide by the status, and take the fields of a body that cannot be read for missing."
}

const isRefused: Rule<Case> = {
  says: "A refusal of the documentation, or of the provider's own simulation, is decoded to the provider's error.",
  broken: ({ decoded: { refusal } }) => (refusal === undefined ? "no refusal" : undefined),
  advice: "Compare what the simulation's `refuse` writes, or the literal refusal, with what `decode` looks for."
}

const isAnswered: Rule<Case> = {
  says: "An answer of the simulation that is no refusal is decoded to none.",
  broken: ({ decoded: { refusal } }) => refusal && show(refusal),
  advice: "Look for what only refusals have: a status, or a code in the body."
}

const pollutes = {
  rule: "No answer changes what all objects inherit.",
  input: '{"__proto__":{"polluted":true}}',
  value: "({}).polluted exists",
  advice: "Copy keys of a body into a Map, or by Object.fromEntries and not by assignment."
}

const inconsistent = (refusal: RateLimited, { receivedAtMillis }: Wire): string | undefined => {
  const after = Option.getOrUndefined(Option.map(refusal.retryAfter, Duration.toMillis))
  const at = Option.getOrUndefined(Option.map(refusal.retryAt, DateTime.toEpochMillis))
  if (after === undefined && at === undefined) return undefined
  const isSame =
    after !== undefined && at !== undefined && after > 0 && Math.abs(at - receivedAtMillis - after) <= toleratedMillis
  return isSame ? undefined : `retryAfter ${after} ms, retryAt ${at}, received at ${receivedAtMillis}`
}
/** An error may show whole seconds. */
const toleratedMillis = 1000

/** In a form that can be compared. */
const plain = ({ refusal, signal }: Decoded<RateLimited>): string =>
  JSON.stringify([signal, refusal && { ...refusal, message: refusal.message, _tag: refusal._tag }])

/** An answer as a message shows it. */
export const showWire = ({ body, headers, receivedAtMillis, request, status }: Wire): string =>
  show({ request: `${request.method} ${request.path}`, status, headers, body, receivedAtMillis })
