/** Whether the provider's own data can be right: names, addresses, sources, quotas. */
import * as Quota from "@sluice/core/Quota"
import type { Finding, Refute } from "./Check.ts"
import { firstBroken, type Rule } from "./Rule.ts"
import type { AnyProvider, Setting } from "./Subject.ts"
import { show } from "./Violation.ts"

export const examine = (setting: Setting, refute: Refute): Finding => {
  const { provider } = setting
  const broken = firstBroken(rules, setting)
  if (broken) {
    const { advice, says } = broken.rule
    return refute({ rule: says, input: `the provider ${show(provider.id)}`, value: broken.value, advice })
  }
  for (const [name, quota] of Object.entries(provider.quotas)) {
    const broken = firstBroken(quotaRules, { name, quota })
    if (broken) {
      const { advice, says } = broken.rule
      return refute({ rule: says, input: `quotas[${show(name)}]`, value: broken.value, advice })
    }
  }
  return `${Object.keys(provider.quotas).length} quotas, each with its source`
}

const rules: ReadonlyArray<Rule<Setting>> = [
  {
    says: "The id is one word of lower-case letters and digits.",
    broken: ({ provider: { id } }) => unless(/^[a-z][a-z0-9]*$/.test(id), id),
    advice: 'Write it as in "prayerletters": it becomes a part of the names of metrics, spans and events.'
  },
  {
    says: "The docs are the address of a page and the day on which it was read.",
    broken: ({ provider: { docs } }) => wrongSource(docs),
    advice: 'Write docs: { url: "https://...", readOn: "2026-11-22" }.'
  },
  {
    says: "The base URL is an http(s) address without credentials, query and fragment.",
    broken: ({ provider: { baseUrl } }) => unless(isBase(baseUrl), baseUrl),
    advice: 'Write it as in "https://api.example.com/v1": relative requests go below it, with the key.'
  },
  {
    says: "The simulation lives where the provider's requests go.",
    broken: ({ provider, simulation }) =>
      unless(trimmed(provider.baseUrl) === trimmed(simulation.baseUrl), [provider.baseUrl, simulation.baseUrl]),
    advice: "Give both the same baseUrl, or nothing that the client sends reaches the simulation."
  },
  {
    says: "The scheme of authorization is one word.",
    broken: ({ provider: { authorization } }) => unless(/^[A-Za-z][\w.+-]*$/.test(authorization), authorization),
    advice: 'Write what stands before the key: "Bearer", "Key".'
  },
  {
    says: 'The bodies that it reads are those of "errors" or every "json".',
    broken: ({ provider: { reads } }) => unless(reads === "errors" || reads === "json", reads),
    advice: 'Write reads: "errors", unless refusals come with a status below 400.'
  },
  {
    says: "There is a quota.",
    broken: ({ provider: { quotas } }) => unless(Object.keys(quotas).length > 0, quotas),
    advice: "Write each published limit as a quota; one whose number nobody tells is Quota.unpublished."
  },
  {
    says: "Quotas of one name are distinct quotas.",
    broken: ({ provider }) => doubled(provider),
    advice: "Give the quota under one name only, or make two of them: one counter must not be two."
  }
]

interface Named {
  readonly name: string
  readonly quota: Quota.Quota
}

const quotaRules: ReadonlyArray<Rule<Named>> = [
  {
    says: "A quota is what Quota.make builds of its own definition.",
    broken: ({ quota }) => (Quota.isQuota(quota) ? differing(quota, Quota.make(Quota.definition(quota))) : show(quota)),
    advice: "Build it with Quota.rolling, Quota.fixed or Quota.make, which refuse what cannot be."
  },
  {
    says: "A quota is named as its key is, or as the last word of it where several counters share the name.",
    broken: ({ name, quota }) => unless(name === quota.name || name.endsWith(` ${quota.name}`), quota.name),
    advice: "Pass { name } as in reads: Quota.rolling(100, ..., { name: 'reads' }): signals and options find it so."
  },
  {
    says: 'A quota\'s name has no "|".',
    broken: ({ quota }) => unless(!quota.name.includes("|"), quota.name),
    advice: 'Name it without: "|" keeps the parts of a counter\'s key apart.'
  },
  {
    says: "A quota cites the page that says so, and the day on which it was read.",
    broken: ({ quota }) => (quota.source ? wrongSource(quota.source) : "no source"),
    advice:
      'Pass { source: { url: "https://...", readOn: "2026-11-22" } }: numbers change, and somebody must look again.'
  }
]

const unless = (holds: boolean, value: unknown): string | undefined => (holds ? undefined : show(value))

const wrongSource = (source: Quota.Source): string | undefined =>
  unless(/^https?:$/.test(URL.parse(source.url)?.protocol ?? "") && isDay(source.readOn), source)

/** A day of the calendar, after APIs had such pages and not after today (anywhere on earth). */
const isDay = (text: string): boolean => {
  if (!/^\d{4}-\d\d-\d\d$/.test(text)) return false
  const millis = Date.parse(`${text}T00:00:00Z`)
  if (!(millis >= Date.UTC(2010, 0, 1) && millis <= Date.now() + 86_400_000)) return false
  return new Date(millis).toISOString().startsWith(text)
}

const isBase = (text: string): boolean => {
  const url = URL.parse(text)
  if (!url || !/^https?:$/.test(url.protocol)) return false
  return url.username === "" && url.password === "" && url.search === "" && url.hash === "" && !text.includes("?")
}

const trimmed = (url: string) => url.replace(/\/+$/, "")

const doubled = ({ quotas }: AnyProvider): string | undefined => {
  const seen = new Map<Quota.Quota, string>()
  for (const [name, quota] of Object.entries(quotas)) {
    const other = seen.get(quota)
    if (other !== undefined) return show([other, name])
    seen.set(quota, name)
  }
  return undefined
}

const differing = (quota: Quota.Quota, made: Quota.Quota): string | undefined => {
  const [given, built] = [Quota.definition(quota), Quota.definition(made)].map((one) => JSON.stringify(one))
  return given === built ? undefined : `${given}, where Quota.make gives ${built}`
}
