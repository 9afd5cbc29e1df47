/** `sluice plan`, and what it takes. */
import { NodeHttpClient } from "@effect/platform-node"
import { Duration, Effect, Option } from "effect"
import { Argument, Command, Flag } from "effect/cli"
import * as Plan from "./Plan.ts"
import * as Simulate from "./Simulate.ts"

const flags = {
  provider: Argument.String("provider").pipe(
    Argument.withDescription("such as attio; none with --policy or --from-url"),
    Argument.optional
  ),
  policy: Flag.String("policy").pipe(Flag.withDescription("a file with a policy in JSON"), Flag.optional),
  fromUrl: Flag.String("from-url").pipe(
    Flag.withDescription("an address that is asked once, for the limits that its headers tell"),
    Flag.optional
  ),
  work: Flag.KeyValuePair("work").pipe(
    Flag.withDescription("calls by class; --reads 5000 is short for --work reads=5000"),
    Flag.withDefault({})
  ),
  workers: Flag.Int("workers").pipe(
    Flag.withDescription("calls of each class at a time"),
    Flag.withDefault(1),
    Flag.filter(
      (workers) => workers >= 1 && workers <= 100_000,
      (workers) => `${workers} is not a number of workers from 1 to 100000`
    )
  ),
  latency: Flag.String("latency").pipe(
    Flag.withDescription("of a call, there and back, such as 80ms or 20ms..150ms"),
    Flag.withDefault("0ms"),
    Flag.filterMap(
      Simulate.latencyFromText,
      (text) => `${JSON.stringify(text)} is not a latency such as 80ms or 20ms..150ms`
    )
  ),
  deadline: Flag.String("deadline").pipe(
    Flag.withDescription("tells what is done until then, such as 30s, 90min, 1h or 2d"),
    Flag.filterMap(deadlineFromText, (text) => `${JSON.stringify(text)} is not a time such as 30s, 90min, 1h or 2d`),
    Flag.optional
  ),
  share: Flag.Finite("share").pipe(
    Flag.withDescription("the part of each quota that the calls may use"),
    Flag.withDefault(1),
    Flag.filter(
      (share) => share > 0 && share <= 1,
      (share) => `${share} is not a share above 0 and up to 1`
    )
  ),
  seed: Flag.Int("seed").pipe(Flag.withDescription("every random latency follows from it"), Flag.withDefault(1)),
  isQuick: Flag.Boolean("quick").pipe(
    Flag.withDescription("do not try larger limits and more workers"),
    Flag.withDefault(false)
  ),
  isJson: Flag.Boolean("json").pipe(Flag.withDescription("print one JSON document"), Flag.withDefault(false)),
  page: Flag.String("page").pipe(Flag.withDescription("where to write a page of plots"), Flag.optional),
  opens: Flag.Boolean("open").pipe(Flag.withDescription("open that page in a browser"), Flag.withDefault(false))
}

export const plan = Command.make("plan", flags, (options) =>
  Effect.provide(Plan.run(options), NodeHttpClient.layerUndici)
).pipe(Command.withDescription("Tells when calls will be done under a provider's limits, and what holds them back."))

const own = new Set([
  "policy",
  "from-url",
  "work",
  "workers",
  "latency",
  "deadline",
  "share",
  "seed",
  "page",
  "log-level",
  "completions"
])

/** Every provider has names of its own: `--reads 5000` is made `--work reads=5000`, wherever it stands after `plan`. */
export const withWork = (args: ReadonlyArray<string>): ReadonlyArray<string> => {
  if (args[0] !== "plan") return args
  const rewritten: Array<string> = []
  for (let i = 0; i < args.length; i++) {
    const arg = args[i] ?? ""
    const [, name, inline] = /^--([a-z0-9][\w-]*)(?:=(.*))?$/i.exec(arg) ?? []
    const value = inline ?? args[i + 1]
    if (name === undefined || own.has(name) || value === undefined || !/^-?\d/.test(value)) {
      rewritten.push(arg)
      continue
    }
    rewritten.push("--work", `${name}=${value}`)
    if (inline === undefined) i++
  }
  return rewritten
}

const units = { s: 1000, min: 60_000, m: 60_000, h: 3_600_000, d: 86_400_000 }

function deadlineFromText(text: string): Option.Option<Duration.Duration> {
  const [, amount, unit = "s"] = /^(\d+(?:\.\d+)?)\s*(s|min|m|h|d)$/.exec(text.trim()) ?? []
  return amount === undefined
    ? Option.none()
    : Option.some(Duration.millis(Math.round(Number(amount) * units[unit as keyof typeof units])))
}
