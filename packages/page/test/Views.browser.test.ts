import { createServer } from "node:http"
import { NodeHttpServer } from "@effect/platform-node"
import { assert, it } from "@effect/vitest"
import * as Mounted from "@sluice/page/Mounted"
import type { Name } from "@sluice/page/Views"
import { Effect, Layer } from "effect"
import { HttpRouter, HttpServer } from "effect/http"
import * as Browser from "./support/Browser.ts"

const mount = (view: Name, path: Mounted.Path) =>
  HttpRouter.addAll(
    Effect.map(
      Mounted.make({ view, path, access: "loopback", subject: { name: view, mountedBy: view } }),
      ({ page }) => [page]
    )
  )

const served = (routes: Layer.Layer<never, never, HttpRouter.HttpRouter>) =>
  HttpRouter.serve(routes, { disableLogger: true, disableListenLog: true }).pipe(
    Layer.provideMerge(NodeHttpServer.layer(createServer, { port: 0, host: "127.0.0.1" }))
  )

const goto = (page: Effect.Success<typeof Browser.page>, path: string) =>
  Effect.flatMap(HttpServer.HttpServer, ({ address }) =>
    Effect.promise(() => page.goto(`${HttpServer.formatAddress(address)}${path}`))
  )

const both = served(Layer.merge(mount("outbox", "/a/outbox"), mount("limits", "/limits")))

Browser.describeChromium("the page's views", () => {
  it.live("lead to each other where both are mounted in one server, whichever was mounted first", () =>
    Effect.gen(function* () {
      const page = yield* Browser.page
      const links = Effect.promise(() =>
        page
          .locator("header nav a")
          .evaluateAll((all) =>
            all.map((one) => [one.textContent, one.getAttribute("href"), one.getAttribute("aria-current")])
          )
      )
      yield* goto(page, "/limits")
      assert.deepStrictEqual(yield* links, [
        ["Limits", "/limits", "page"],
        ["Outbox", "/a/outbox", null]
      ])
      yield* Effect.promise(() => page.click("header nav >> text=Outbox"))
      yield* Effect.promise(() => page.waitForSelector("#rows", { state: "attached" }))
      assert.strictEqual(yield* Effect.promise(() => page.title()), "Outbox")
      assert.deepStrictEqual((yield* links)[1], ["Outbox", "/a/outbox", "page"])
      // A proxy may put something before all paths.
      yield* Effect.promise(() =>
        page.route("**/behind/**", async (route) => {
          const response = await route.fetch({ url: route.request().url().replace("/behind", "") })
          await route.fulfill({ response })
        })
      )
      yield* goto(page, "/behind/a/outbox")
      assert.deepStrictEqual(
        (yield* links).map(([, href]) => href),
        ["/behind/limits", "/behind/a/outbox"]
      )
      // The stream of changes is still under way, and never ends by itself.
      yield* Effect.promise(() => page.unrouteAll({ behavior: "ignoreErrors" }))
    }).pipe(Effect.scoped, Effect.provide(both))
  )

  it.live("know nothing of what another server in the process shows", () =>
    Effect.gen(function* () {
      const page = yield* Browser.page
      yield* goto(page, "/limits")
      assert.strictEqual(yield* Effect.promise(() => page.locator("header nav a").count()), 1)
    }).pipe(Effect.scoped, Effect.provide(served(mount("limits", "/limits"))))
  )

  it.live("say plainly that they need JavaScript, and where the same is as JSON", () =>
    Effect.gen(function* () {
      const page = yield* Browser.pageWith({ javaScriptEnabled: false })
      yield* goto(page, "/limits")
      assert.include(yield* Effect.promise(() => page.innerText("body")), "This page needs JavaScript")
      assert.strictEqual(yield* Effect.promise(() => page.getAttribute("noscript a", "href")), "/limits/state")
    }).pipe(Effect.scoped, Effect.provide(both))
  )

  it.live("do not move where less motion is asked for", () =>
    Effect.gen(function* () {
      const page = yield* Browser.pageWith({ reducedMotion: "reduce" })
      yield* goto(page, "/limits")
      const rule = `(() => {
        const bar = Object.assign(document.createElement("div"), { className: "bar", innerHTML: "<i></i>" })
        document.body.append(bar)
        return getComputedStyle(bar.firstChild).transitionDuration
      })()`
      assert.strictEqual(yield* Effect.promise(() => page.evaluate(rule)), "0s")
    }).pipe(Effect.scoped, Effect.provide(both))
  )
})
