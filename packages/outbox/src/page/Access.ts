/**
 * Who may look, and from where: without the user's own authentication, only this machine.
 *
 * A browser on this machine carries the questions of any page in it. So the address that is asked has to be this machine's by
 * name (a foreign name may be made to point here), and nothing is answered, let alone changed, that another site's page asks.
 */
import { Option } from "effect"
import type { HttpServerRequest } from "effect/http"

export type Access = "loopback" | "behindOwnAuthentication"

/** Why a request is not answered; undefined if it is. */
export const refusalOf = (
  request: HttpServerRequest.HttpServerRequest,
  access: Access,
  asks: "page" | "data" | "change"
): string | undefined => (access === "loopback" ? farOf(request) : undefined) ?? foreignOf(request, access, asks)

const farOf = ({ headers, remoteAddress }: HttpServerRequest.HttpServerRequest): string | undefined => {
  const only = "This outbox answers only to its own machine"
  const remedy = `To mount it behind your own authentication, say so: Outbox.routes({ access: "behindOwnAuthentication" }).`
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
  asks: "page" | "data" | "change"
): string | undefined => {
  if (asks === "page") return undefined
  const foreign = "Only the outbox's own page may ask this."
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
