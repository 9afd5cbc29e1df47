/**
 * What the page can show, and where: each layer of routes tells its router, so that a page finds its way to all that is mounted
 * in one server.
 */
import type { HttpRouter } from "effect/http"

/** `limits` is what `Dashboard.routes` mounts, `outbox` what `Outbox.routes` does. */
export type Name = "limits" | "outbox"

export interface View {
  readonly name: Name
  /** Its path in the server, without a slash at its end: `""` is the root. */
  readonly path: string
}

const mounted = new WeakMap<HttpRouter.HttpRouter, Array<View>>()

/** Tells that a view is mounted, and gives all that are or will be, in the order in which the page names them. */
export const mount = (router: HttpRouter.HttpRouter, view: View): ReadonlyArray<View> => {
  const views = mounted.get(router) ?? []
  mounted.set(router, views)
  if (!views.some(({ name, path }) => name === view.name && path === view.path)) {
    views.push(view)
    views.sort((a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0))
  }
  return views
}
