/**
 * A page that shows what a limiter does, live: each provider, key and quota with its slots, who waits and until when, pauses and what
 * caused them, refusals with the numbers behind them, what was learned, and the last ten minutes.
 *
 * It changes nothing, and shows no key and nothing of what is sent.
 *
 * @example
 * ```ts
 * import { Dashboard } from "@sluice/dashboard"
 * import { HttpRouter } from "effect/http"
 *
 * const ServerLive = HttpRouter.serve(Dashboard.routes())
 * ```
 */
import type { RateLimiter } from "@sluice/core"
import * as Access from "@sluice/page/Access"
import * as Mounted from "@sluice/page/Mounted"
import type { Layer } from "effect"
import type { HttpRouter } from "effect/http"
import * as Routes from "./Routes.ts"

/** Where the page is, and who may look at it. */
export interface Options {
  /** Its path; default `"/limits"`. What is below it is the page's too. */
  readonly path?: `/${string}` | undefined
  /**
   * Who is answered: this machine alone (`"loopback"`, default), or whoever comes so far, which is right only where your own
   * authentication comes first (`"behindOwnAuthentication"`).
   */
  readonly access?: "loopback" | "behindOwnAuthentication" | undefined
}

/**
 * The page with a small JSON API, for mounting in any server of `effect/http`. Mounted beside `Outbox.routes`, both are one page.
 * Throws `RangeError` for options that cannot be.
 */
export const routes = (
  options: Options = {}
): Layer.Layer<never, never, HttpRouter.HttpRouter | RateLimiter.RateLimiter> => {
  const { access = "loopback", path = "/limits" } = options
  Access.check(access, Routes.subject)
  return Routes.layer(Mounted.pathOf(path, Routes.subject, "/limits"), access)
}
