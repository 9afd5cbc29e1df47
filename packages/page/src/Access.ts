/**
 * Who may look, and from where: without the user's own authentication, only this machine.
 *
 * A browser on this machine carries the questions of any page in it. So the address that is asked has to be this machine's by
 * name (a foreign name may be made to point here), and nothing is answered, let alone changed, that another site's page asks.
 */
import { Option } from "effect"
import type { HttpServerRequest } from "effect/http"

/** This machine alone, or whoever comes so far, which is right only where the user's own authentication comes first. */
export type Access = "loopback" | "behindOwnAuthentication"

/** What a request asks for: the page, what it shows, or to change something. */
export type Asks = "page" | "data" | "change"

/** What is looked at, as refusals name it: `outbox`, which `Outbox.routes` mounts. */
export interface Subject {
  readonly name: string
  readonly mountedBy: string
}

/** Why a request is not answered; undefined if it is. */
export const refusalOf = (
  request: HttpServerRequest.HttpServerRequest,
  access: Access,
  asks: Asks,
  subject: Subject
): string | undefined =>
  (access === "loopback" ? farOf(request, subject) : undefined) ?? foreignOf(request, access, asks, subject)

/** Throws `RangeError` for what is no access. */
export const check = (access: string, { mountedBy }: Subject): void => {
  if (access === "loopback" || access === "behindOwnAuthentication") return
  throw new RangeError(
    `${mountedBy}: access takes "loopback" or "behindOwnAuthentication", but was given ${JSON.stringify(access)}.`
  )
}

const farOf = (
  { headers, remoteAddress }: HttpServerRequest.HttpServerRequest,
  { mountedBy, name }: Subject
): string | undefined => {
  const only = `This ${name} answers only to its own machine`
  const remedy = `To mount it behind your own authentication, say so: ${mountedBy}({ access: "behindOwnAuthentication" }).`
  const peer = Option.getOrUndefined(remoteAddress)
  if (peer === undefined) return `${only}, and this server does not tell who asks. ${remedy}`
  if (!isLoopback(peer)) return `${only}. ${remedy}`
  const proxied = forwarding.find((name) => headers[name] !== undefined)
  if (proxied !== undefined) return `${only}, and a proxy passed this on (${proxied}). ${remedy}`
  return isLocalHost(headers["host"] ?? "")
    ? undefined
    : `${only}, by the names localhost, 127.0.0.1 and [::1]. ${remedy}`
}

const forwarding = ["forwarded", "x-forwarded-for", "x-forwarded-host", "x-real-ip", "via"]

const isLoopback = (address: string): boolean => address === "::1" || /^(?:::ffff:)?127(?:\.\d{1,3}){3}$/i.test(address)

const isLocalHost = (host: string): boolean => /^(?:localhost|127(?:\.\d{1,3}){3}|\[::1\])(?::\d{1,5})?$/i.test(host)

/** Links from elsewhere may open the page, which is the same for everyone and is shown in no frame. */
const foreignOf = (
  { headers }: HttpServerRequest.HttpServerRequest,
  access: Access,
  asks: Asks,
  { name }: Subject
): string | undefined => {
  if (asks === "page") return undefined
  const foreign = `Only the ${name}'s own page may ask this.`
  const site = headers["sec-fetch-site"]
  if (site !== undefined && site !== "same-origin" && !(site === "none" && asks === "data")) return foreign
  const { host, origin } = headers
  // Behind a proxy the host may be another than the browser's, whose own word is enough.
  const isCompared = access === "loopback" || site === undefined
  if (origin !== undefined && isCompared && URL.parse(origin)?.host !== host?.toLowerCase()) return foreign
  // A form of another site can send no JSON, and its script has to ask first.
  return asks === "change" && !/^application\/json\b/i.test(headers["content-type"] ?? "")
    ? "A change is posted as application/json."
    : undefined
}
