/** Tells what a response says about limits: as a page, as JSON, or as the policy that follows from it. */
import * as Inspection from "@sluice/core/Inspection"
import * as Policy from "@sluice/core/Policy"
import { Console, Effect, Redacted } from "effect"
import { Headers } from "effect/http"
import * as InspectSource from "./InspectSource.ts"
import * as InspectTable from "./InspectTable.ts"
import { printable } from "./TextTable.ts"

export interface Options extends InspectSource.Asked {
  readonly isJson: boolean
  readonly isPolicy: boolean
  /** The name of the policy's provider. */
  readonly provider: string | undefined
}

/** With what the program exits if nothing was told; with 2 for what cannot be read. */
const untold = 1

export const run = Effect.fnUntraced(function* (options: Options) {
  if (options.isJson && options.isPolicy) {
    return yield* InspectSource.fail("--json and --as-policy print different documents: take one of them.")
  }
  const response = yield* InspectSource.read(options)
  const inspection = yield* redacted(Inspection.of(response.headers, response), response.headers)
  const isTold = inspection.limits.length > 0 || inspection.retry !== undefined
  if (options.isPolicy && isTold) return yield* printPolicy(inspection, options.provider ?? response.provider)
  if (options.isPolicy) return yield* nothing(response)
  const columns = process.stdout.isTTY ? process.stdout.columns : undefined
  yield* Console.log(
    options.isJson ? JSON.stringify(documentOf(response, inspection)) : InspectTable.page(response, inspection, columns)
  )
  if (!isTold) return yield* nothing(response)
})

const nothing = ({ status, title }: InspectSource.Response) =>
  InspectSource.fail(
    [
      `Nothing is told about limits by ${printable(title)}.`,
      "Looked for: Retry-After, Retry-After-Ms, RateLimit, RateLimit-Policy, and whatever",
      "begins with RateLimit-, Rate-Limit-, or a vendor's prefix and one of these.",
      ...(status === 429 ? ["It is a refusal all the same: what it says may be in its body."] : [])
    ].join("\n  "),
    untold
  )

/** The policy goes to standard output; what is assumed in it, and what could not be part of it, elsewhere. */
const printPolicy = Effect.fnUntraced(function* (inspection: Inspection.Inspection, provider: string) {
  const { assumed, policy, refused } = Inspection.toPolicy(inspection, { provider })
  for (const { limit, why } of refused) {
    const name = limit.quota ?? "a limit without a name"
    yield* Console.error(printable(`Left out: ${name} (${limit.from.join(", ")}): ${why}.`))
  }
  for (const { quota, what } of assumed) {
    yield* Console.error(printable(`Assumed: ${quota}: ${what}, so that its kind is "unknown".`))
  }
  if (policy === undefined) {
    return yield* InspectSource.fail("No quota is told in full, with its limit and its window.", untold)
  }
  yield* Console.log(JSON.stringify(Policy.toJson(policy), undefined, 2))
})

/** Values of headers that are secret elsewhere are so here. */
const redacted = Effect.fnUntraced(function* (
  inspection: Inspection.Inspection,
  headers: Readonly<Record<string, string>>
) {
  const shown = Headers.redact(Headers.fromInput(headers), yield* Headers.CurrentRedactedNames)
  const ignored = inspection.ignored.map((one) =>
    Redacted.isRedacted(shown[one.field]) ? { ...one, value: "<redacted>" } : one
  )
  return { ...inspection, ignored } satisfies Inspection.Inspection
})

/** What `--json` prints: instants in ISO 8601, spans in milliseconds, null for what is not told. */
const documentOf = (response: InspectSource.Response, inspection: Inspection.Inspection) => ({
  target: response.title,
  status: response.status ?? null,
  receivedAt: isoOf(response.receivedAt),
  serverDate: isoOf(inspection.serverDateMillis),
  skewMillis: inspection.skew ? [inspection.skew.fromMillis, inspection.skew.byMillis] : null,
  limits: inspection.limits.map(({ dialect, from, isReading, limit, quota, remaining, reset, unit, windowMillis }) => ({
    quota: quota ?? null,
    limit: limit ?? null,
    windowMillis: windowMillis ?? null,
    remaining: remaining ?? null,
    reset: reset ? momentOf(reset) : null,
    unit: unit ?? null,
    dialect,
    from,
    isReading
  })),
  retry: inspection.retry ? { ...momentOf(inspection.retry), from: inspection.retry.from } : null,
  served: inspection.served ?? null,
  ignored: inspection.ignored.map(({ what = null, ...one }) => ({ ...one, what }))
})

const momentOf = ({ byMillis, fromMillis, isPast, told }: Inspection.Moment) => ({
  from: isoOf(fromMillis),
  by: isoOf(byMillis),
  afterMillis: told.kind === "after" ? told.millis : null,
  isPast
})

const isoOf = (millis: number | undefined): string | null =>
  millis === undefined ? null : new Date(Math.floor(millis)).toISOString()
