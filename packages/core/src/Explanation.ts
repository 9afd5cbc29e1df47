/**
 * Why a call waits, or was refused: each quota of its claim at that moment, which of them decided, and when it goes.
 *
 * A plain value: it can be encoded, stored and shown elsewhere.
 *
 * @example
 * ```ts
 * import { Claim, Quota, RateLimiter } from "@sluice/core"
 * import * as Explanation from "@sluice/core/Explanation"
 * import { Console, Effect } from "effect"
 *
 * const claim = Claim.of(Quota.rolling(10, "1 second", { name: "rate" }))
 * const program = Effect.flatMap(RateLimiter.explain(claim), (explanation) => Console.log(Explanation.format(explanation)))
 * ```
 */
import { DateTime, Equal, Option, Schema } from "effect"

/**
 * Why a quota, or the whole call, stands as it does:
 *
 * - `free`: nothing holds the call back; `admitted`: it went.
 * - `cooling`: all units in force are used, and some cool until then; `inFlight`: only an answer can make room.
 * - `closed`: the provider closed the quota until then; `opening`: it opens step by step, and an answer has to come first.
 * - `paced`: units are spread; `others`: others go before the call, or units are kept for them.
 * - `tooLarge`: the call needs more than the quota can ever hold; `queueFull`, `store`: as the error's reason says.
 * - `unexpected`: the provider refused although our books had room; `usedByOthers`, `closedBefore`, `inDoubt`: they explain
 *   the refusal; `elsewhere`: it is about none of the claim's quotas; `told`: it was met where no books of ours saw it.
 */
export const Why = Schema.Literals([
  "free",
  "admitted",
  "cooling",
  "inFlight",
  "closed",
  "opening",
  "paced",
  "others",
  "tooLarge",
  "queueFull",
  "store",
  "unexpected",
  "usedByOthers",
  "closedBefore",
  "inDoubt",
  "elsewhere",
  "told"
])
export type Why = typeof Why.Type

/** One quota of a claim as it stood at that moment. */
export const QuotaState = Schema.Struct({
  provider: Schema.String,
  quota: Schema.String,
  /** A name that may be printed. */
  partition: Schema.String,
  /** What narrows the counter within the partition; or empty. */
  within: Schema.String,
  kind: Schema.String,
  /** Units that the call needs of it. */
  cost: Schema.Int,
  /** The limit that was configured. */
  published: Schema.Number,
  /** The same, or less if the provider told so. */
  limit: Schema.Number,
  /** Less than `limit` for a while after an unexpected refusal. */
  limitInForce: Schema.Number,
  inFlight: Schema.Number,
  cooling: Schema.Number,
  /** What others were found to use. */
  foreign: Schema.Number,
  free: Schema.Number,
  /** Units that are kept for calls of higher rank, or for other workers. */
  reserved: Schema.Number,
  /** Units of those who wait before the call. */
  before: Schema.Number,
  closedUntil: Schema.Option(Schema.DateTimeUtc),
  /** What the provider's error says that closed it, without what may be a secret. */
  closedBy: Schema.Option(Schema.String),
  why: Why,
  /** When it lets the call go, as far as known; none while only an answer can tell, or never. */
  at: Schema.Option(Schema.DateTimeUtc)
})
export interface QuotaState extends Schema.Schema.Type<typeof QuotaState> {}

export const Explanation = Schema.Struct({
  /** The moment that it tells of. */
  at: Schema.DateTimeUtc,
  /** The provider, or whoever's counters they are. */
  origin: Schema.String,
  partition: Schema.String,
  why: Why,
  /** The quota that decided, if one did. */
  decided: Schema.Option(QuotaState),
  /** When the call may go, as far as known: a lower bound; when it went, if it was admitted. */
  next: Schema.Option(Schema.DateTimeUtc),
  waitedMillis: Schema.Number,
  /** Those of the claim, in its order; none where the books are not known. */
  quotas: Schema.Array(QuotaState)
})
export interface Explanation extends Schema.Schema.Type<typeof Explanation> {}

/** Which quota decided and why, in a sentence. */
export const summary = ({ decided, next, waitedMillis, why }: Explanation): string => {
  const name = Option.match(decided, {
    onNone: () => "a quota",
    onSome: ({ quota }) => `quota ${JSON.stringify(quota)}`
  })
  const until = Option.match(next, { onNone: () => "", onSome: (at) => ` until ${DateTime.formatIso(at)}` })
  switch (why) {
    case "free":
      return "Nothing holds the call back."
    case "admitted":
      return waitedMillis === 0
        ? "The call was admitted at once."
        : `The call was admitted after ${waitedMillis} ms; last it waited for ${name}.`
    case "cooling":
      return `The call waits${until}: ${name} has no room.`
    case "inFlight":
      return `The call waits for an answer: ${name} has no room before.`
    case "closed":
      return `The call waits${until}: ${name} was closed by its provider.`
    case "opening":
      return `The call waits for an answer: ${name} opens step by step after a closure.`
    case "paced":
      return `The call waits${until}: ${name} spreads its units.`
    case "others":
      return `The call waits${until}: others go before it at ${name}.`
    case "tooLarge":
      return `The call is larger than ${name} can ever be.`
    case "queueFull":
      return `The queue is full; the call would have to wait for ${name}.`
    case "store":
      return "The store that keeps the quotas does not answer."
    case "unexpected":
      return `The provider refused, and our books had room: ${name} counts otherwise, or others use it.`
    case "closedBefore":
      return `The provider refused what was sent before it was known that ${name} is closed, or to find out whether it is.`
    case "usedByOthers":
      return `The provider refused because others had used up ${name}.`
    case "inDoubt":
      return `The provider refused, and it is not known how ${name} counts.`
    case "elsewhere":
      return "The provider refused, by none of the call's quotas."
    case "told":
      return `The error tells no more; the call may go again${until === "" ? ", nobody knows when" : until.replace("until", "from")}.`
  }
}

/** The summary, and a line for each quota; an arrow marks the one that decided. */
export const format = (explanation: Explanation): string => {
  const { decided, quotas } = explanation
  const isDecided = (state: QuotaState) => Option.exists(decided, (one) => Equal.equals(one, state))
  return [summary(explanation), ...quotas.map((state) => `${isDecided(state) ? ">" : " "} ${lineOf(state)}`)].join("\n")
}

const lineOf = (state: QuotaState): string => {
  const { at, before, closedBy, cost, free, limit, limitInForce, partition, published, reserved, why } = state
  const name = [state.quota, state.within, partition].filter((each) => each !== "").join(", ")
  const until =
    why === "free" ? "" : Option.match(at, { onNone: () => "", onSome: (at) => ` until ${DateTime.formatIso(at)}` })
  const limits = [`${limitInForce} in force`]
  if (limit !== limitInForce) limits.push(`${limit} told`)
  if (published !== limit) limits.push(`${published} published`)
  const used = `${state.inFlight} in flight, ${state.cooling} cooling, ${state.foreign} used by others`
  const ahead = before + reserved === 0 ? "" : `; ${before} waited for before, ${reserved} kept for others`
  const said = Option.match(closedBy, { onNone: () => "", onSome: (words) => `; closed by ${JSON.stringify(words)}` })
  return `${name}: ${why}${until}; needs ${cost}, ${free} free of ${limits.join(", ")}: ${used}${ahead}${said}`
}
