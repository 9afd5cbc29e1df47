/** Whether `classify` gives sound draws for any request. */
import * as Claim from "@sluice/core/Claim"
import type { Quotas } from "@sluice/core/Provider"
import * as Quota from "@sluice/core/Quota"
import type { HttpClientRequest } from "effect/http"
import { type Finding, type Refute, withoutStacks } from "./Check.ts"
import * as Requests from "./Requests.ts"
import { firstBroken, type Rule } from "./Rule.ts"
import { testHeaders } from "./Rubbish.ts"
import { type AnyProvider, placed, type Setting } from "./Subject.ts"
import { show } from "./Violation.ts"

interface Case {
  readonly provider: AnyProvider
  /** The same quotas, each of half its limit. */
  readonly smaller: Quotas
  readonly request: HttpClientRequest.HttpClientRequest
  readonly draws: ReadonlyArray<Claim.Draw>
  /** Whether it may be meant for a test mode, under limits of its own. */
  readonly isTrial: boolean
}

export const examine = (setting: Setting, refute: Refute): Finding => {
  const { fuzz, provider, requests, seed } = setting
  const smaller = Object.fromEntries(
    Object.entries(provider.quotas).map(([name, quota]) => [name, Quota.share(quota, 0.5)])
  )
  const broken = (request: HttpClientRequest.HttpClientRequest, more: ReadonlyArray<Rule<Case>>) => {
    const isTrial = testHeaders.some((name) => name in request.headers)
    const asked: Case = { provider, smaller, request, draws: [], isTrial }
    const thrown = firstBroken([returns], asked)
    return thrown ?? firstBroken([...rules, ...more], { ...asked, draws: provider.classify(request, provider.quotas) })
  }
  const refuted = (
    request: HttpClientRequest.HttpClientRequest,
    { rule: { advice, says }, value }: { readonly rule: Rule<Case>; readonly value: string },
    index?: number
  ) =>
    refute({
      rule: says,
      input: `${request.method} ${show(request.url)}`,
      value,
      advice,
      ...(index !== undefined && { replay: { seed, index } })
    })
  for (const request of requests.flatMap((request) => [request, placed(provider, request)])) {
    const found = broken(request, [fits])
    if (found) return refuted(request, found)
  }
  const made = Requests.generator(setting)
  const count = Math.ceil(fuzz / 20)
  return withoutStacks(() => {
    for (let index = 0; index < count; index++) {
      const request = made(index)
      const found = broken(request, [])
      if (found) return refuted(request, found, index)
    }
    return `${requests.length} typical and ${count} made-up requests`
  })
}

const returns: Rule<Case> = {
  says: "classify returns a list of draws for every request, and repeatsRefused yes or no.",
  broken: ({ provider, request }) => {
    const draws: unknown = provider.classify(request, provider.quotas)
    if (!Array.isArray(draws)) return show(draws)
    const repeats: unknown = provider.repeatsRefused(request)
    return typeof repeats === "boolean" ? undefined : `repeatsRefused gives ${show(repeats)}`
  },
  advice: "Take URL.parse and its undefined for urls that are none, and a default for paths that nobody knows."
}

const rules: ReadonlyArray<Rule<Case>> = [
  {
    says: "Draws are on the quotas that classify is given.",
    broken: ({ draws, isTrial, provider }) => (isTrial ? undefined : unknownAmong(draws, provider.quotas)),
    advice: "Draw on the second argument, so that a user's own quotas take the place of the published ones."
  },
  {
    says: "A draw costs a whole number of units, 1 or more.",
    broken: ({ draws }) => {
      const draw = draws.find(({ cost }) => !(Number.isSafeInteger(cost) && cost >= 1))
      return draw && `${String(draw.cost)} units of ${show(draw.quota.name)}`
    },
    advice: "Build draws with Claim.need; leave out the draw on what costs nothing, and round others up."
  },
  {
    says: "The draws make a claim: no counter twice, and names that keep apart.",
    broken: ({ draws, provider }) => void Claim.make({ needs: draws, partition: "conformance", origin: provider.id }),
    advice: "Draw once on each counter, with its whole cost; tell counters of one quota apart by `within`."
  },
  {
    says: "The same request has the same draws.",
    broken: ({ draws, provider, request }) => {
      const again = drawn(provider.classify(request, provider.quotas), provider.quotas)
      const first = drawn(draws, provider.quotas)
      return again === first ? undefined : show([first, again])
    },
    advice: "Keep no state between two calls of classify; what an answer teaches belongs in its signal."
  },
  {
    says: "Smaller quotas in their place are drawn on alike.",
    broken: ({ draws, isTrial, provider, request, smaller }) => {
      if (isTrial) return undefined
      const other = provider.classify(request, smaller)
      const unknown = unknownAmong(other, smaller)
      if (unknown !== undefined) return unknown
      const [published, replaced] = [drawn(draws, provider.quotas), drawn(other, smaller)]
      return published === replaced ? undefined : show([published, replaced])
    },
    advice: "Choose the quotas by the request alone, and take them from the second argument."
  }
]

/** Of typical requests only: one that asks for too much may well be too much. */
const fits: Rule<Case> = {
  says: "A typical request fits into its quotas.",
  broken: ({ draws }) => {
    const draw = draws.find(({ cost, quota }) => cost > quota.limit)
    return draw && `${draw.cost} units of ${show(draw.quota.name)}, which has ${draw.quota.limit}`
  },
  advice: "Lower its cost, or raise the limit to what the page says: such a request would never be sent."
}

const unknownAmong = (draws: ReadonlyArray<Claim.Draw>, quotas: Quotas): string | undefined => {
  const own = new Set(Object.values(quotas))
  const unknown = draws.find(({ quota }) => !own.has(quota))
  return unknown && `a draw on ${show(unknown.quota.name)}, ${unknown.quota.limit} per ${unknown.quota.windowMillis} ms`
}

/** The draws in a form that can be compared: quotas by their keys. */
const drawn = (draws: ReadonlyArray<Claim.Draw>, quotas: Quotas): string => {
  const names = new Map(Object.entries(quotas).map(([name, quota]) => [quota, name]))
  return JSON.stringify(
    draws.map(({ cost, partition = "", quota, within }) => [names.get(quota), cost, within, partition])
  )
}

/** The counters of a request, as far as claims tell them apart. */
export const groupOf = (provider: AnyProvider, request: HttpClientRequest.HttpClientRequest): string =>
  drawn(provider.classify(request, provider.quotas), provider.quotas)
