/** Where a response comes from that is to be inspected: one request, a file, or the standard input. */
import { readFile } from "node:fs/promises"
import { basename } from "node:path"
import { text } from "node:stream/consumers"
import { Clock, Effect, Option, Redacted, Runtime } from "effect"
import { CliError } from "effect/cli"
import { HttpClient, HttpClientRequest } from "effect/http"
import * as RawResponse from "./RawResponse.ts"

export interface Asked {
  /** An address, a path, or `-`. */
  readonly target: string
  readonly method: "GET" | "HEAD"
  /** `name: value`. */
  readonly headers: ReadonlyArray<Redacted.Redacted>
  /** For what was kept: when it had come. */
  readonly receivedAt: number | undefined
}

export interface Response extends RawResponse.RawResponse {
  /** An address without its query, or the name of a file. */
  readonly title: string
  /** What a policy calls it unless it is told: a host, or the name of a file. */
  readonly provider: string
}

/** With what the program exits for a command line that is wrong, and for what cannot be read. */
export const unusable = 2

/** Fails with exit code 2. */
export const fail = (userMessage: string, exitCode: number = unusable) =>
  Effect.fail(
    Object.assign(new CliError.UserError({ cause: userMessage, userMessage }), { [Runtime.errorExitCode]: exitCode })
  )

/** How long a server has to answer. */
const patience = "30 seconds"

export const read = (asked: Asked): Effect.Effect<Response, CliError.UserError, HttpClient.HttpClient> =>
  /^https?:\/\//i.test(asked.target) ? request(asked) : kept(asked)

/** One request: a redirect is an answer, and no body is read. */
const request = Effect.fnUntraced(function* ({ headers, method, receivedAt, target }: Asked) {
  if (!URL.canParse(target)) return yield* fail("The address cannot be read: it takes the form https://host/path.")
  if (receivedAt !== undefined) return yield* fail("--received-at is for what was kept in a file.")
  const url = new URL(target)
  const title = `${url.origin}${url.pathname}`
  const fields = yield* Effect.forEach(headers, fieldOf)
  const client = yield* HttpClient.HttpClient
  const sentAt = yield* Clock.currentTimeMillis
  const response = yield* client
    .execute(HttpClientRequest.make(method)(url, { headers: Object.fromEntries(fields) }))
    .pipe(
      Effect.timeout(patience),
      Effect.catch((error) => fail(`${title} cannot be reached: ${reasonOf(error)}.`))
    )
  const answeredAt = yield* Clock.currentTimeMillis
  return {
    title: `${method} ${title}`,
    provider: url.hostname,
    status: response.status,
    headers: { ...response.headers },
    sentAt,
    receivedAt: answeredAt,
    before: 0
  } satisfies Response
}, Effect.scoped)

const kept = Effect.fnUntraced(function* ({ headers, receivedAt, target }: Asked) {
  if (headers.length > 0) return yield* fail("--header is for a request, and the target is no address.")
  const title = target === "-" ? "the standard input" : JSON.stringify(target)
  const content = yield* Effect.tryPromise({
    try: () => (target === "-" ? text(process.stdin) : readFile(target, "utf8")),
    catch: (error) => error
  }).pipe(
    Effect.catch((error) => fail(`${title} cannot be read: ${reasonOf(error)}; an address begins with https://.`))
  )
  const found = RawResponse.fromText(content)
  if (Option.isNone(found)) {
    return yield* fail(`${title} holds no headers such as \`curl -i\` and \`curl -D\` write, and is no HAR file.`)
  }
  return {
    ...found.value,
    ...(receivedAt !== undefined && { receivedAt }),
    title,
    provider: target === "-" ? "unnamed" : basename(target).replace(/(?<=.)\.\w+$/, "")
  } satisfies Response
})

/** Values may be keys: they are in no message. */
const fieldOf = (header: Redacted.Redacted, index: number) => {
  const [, name, value = ""] = /^([!#$%&'*+.^_`|~\w-]+):\s*([^\r\n\0]*)$/.exec(Redacted.value(header)) ?? []
  return name === undefined
    ? fail(`--header number ${index + 1} does not read "name: value".`)
    : Effect.succeed([name, value] as const)
}

/** The innermost cause, which knows most; an address that holds a key is in the outer ones only. */
const reasonOf = (error: unknown): string => {
  let inner = error
  for (let depth = 0; depth < 8; depth++) {
    const next: unknown = inner instanceof Error ? ("reason" in inner ? inner.reason : inner.cause) : undefined
    if (!(next instanceof Error)) break
    inner = next
  }
  return inner instanceof Error ? inner.message || inner.name : String(inner)
}
