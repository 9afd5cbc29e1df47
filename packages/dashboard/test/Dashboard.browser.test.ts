import { assert, it } from "@effect/vitest"
import { RateLimiter } from "@sluice/core"
import { Effect } from "effect"
import type { Page } from "playwright-core"
import * as Browser from "../../page/test/support/Browser.ts"
import * as Board from "./support/Board.ts"
import { call, claimOf, refused } from "./support/Traffic.ts"

/** Opens the page, and notes whatever goes wrong in it and all that it loads. */
const open = (query = "") =>
  Effect.gen(function* () {
    const page = yield* Browser.page
    const wrong: Array<string> = []
    const loaded: Array<string> = []
    page.on("pageerror", (error) => wrong.push(error.message))
    page.on("console", (message) => void (message.type() === "error" && wrong.push(message.text())))
    page.on("request", (request) => loaded.push(new URL(request.url()).pathname))
    yield* Effect.flatMap(Board.origin, (origin) => Effect.promise(() => page.goto(`${origin}/limits${query}`)))
    yield* sees(page, "#live >> text=live")
    return { page, wrong, loaded }
  })

const sees = (page: Page, selector: string) => Effect.promise(() => page.waitForSelector(selector))
const row = (key: string, rest = "") => `tr[data-key=${JSON.stringify(key)}]${rest}`
const p = row("acme|p|writes|")

/** Whether a plot has something painted on it in one of the page's colours. */
const isPainted = (page: Page, plot: string) =>
  Effect.promise(() =>
    page.evaluate(`(() => {
      const canvas = document.querySelector(${JSON.stringify(`#${plot} canvas`)})
      const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height)
      const colours = new Set()
      for (let i = 0; i < data.length; i += 4) if (data[i + 3] > 200) colours.add(data[i] + "," + data[i + 1] + "," + data[i + 2])
      return colours.size > 2
    })()`)
  )

Browser.describeChromium("the dashboard", () => {
  it.live("follows slots, who waits and until when without being reloaded", () =>
    Effect.gen(function* () {
      yield* call()
      const { loaded, page, wrong } = yield* open()
      yield* sees(page, `${p} >> text=5 per 1 min, rolling`)
      yield* sees(page, `${p} >> text=4 free`)
      for (let i = 0; i < 4; i++) yield* call()
      yield* sees(page, `${p} >> text=0 free`)
      const waits = call().pipe(RateLimiter.priority("high"), RateLimiter.tenant("globex"))
      yield* Effect.forkScoped(waits)
      yield* Effect.forkScoped(RateLimiter.priority(call(), "low"))
      yield* sees(page, `${p} >> text=2 calls`)
      yield* sees(page, `${p} >> text=1 high for globex`)
      yield* sees(page, `${p} >> text=1 low`)
      yield* sees(page, `${p} >> text=/^in (59|5\\d) s$/`)
      yield* sees(page, "#figures >> text=calls wait")
      // Another one appears with its first call.
      yield* call("other")
      yield* sees(page, row("acme|other|writes|"))
      assert.deepStrictEqual([...new Set(loaded)].toSorted(), ["/limits", "/limits/changes", "/limits/history"])
      assert.deepStrictEqual(wrong, [])
    }).pipe(Effect.scoped, Effect.provide(Board.layer()))
  )

  it.live("shows a pause with its cause, and a refusal with the numbers behind it", () =>
    Effect.gen(function* () {
      yield* call()
      const { page, wrong } = yield* open()
      yield* Effect.ignore(refused(60_000))
      yield* sees(page, `${p} >> text=/paused, goes on in (60|59|5\\d) s/`)
      yield* sees(page, `${p} >> text=Acme is tired`)
      yield* sees(page, "#happened [data-kind=paused] >> text=Acme is tired")
      yield* sees(page, "#happened [data-kind=refused] >> text=although our books had room")
      yield* sees(page, "#happened [data-kind=refused] >> text=/writes: 0 held, 2 cooling, of \\d/")
      // The tightened limit, learned from it.
      yield* sees(page, `${p} >> text=/in force after a refusal/`)
      yield* Effect.promise(() => page.selectOption("[name=kind]", "paused"))
      yield* Effect.promise(() => page.waitForSelector("#happened [data-kind=refused]", { state: "detached" }))
      assert.include(yield* Effect.promise(() => page.innerText("main")), "Paused")
      assert.notInclude(yield* Effect.promise(() => page.content()), "in-body")
      assert.deepStrictEqual(wrong, [])
    }).pipe(Effect.scoped, Effect.provide(Board.layer()))
  )

  it.live("plots the last minutes, and says in words what they show", () =>
    Effect.gen(function* () {
      for (let i = 0; i < 5; i++) yield* call()
      yield* Effect.forkScoped(Effect.ignore(call()))
      yield* Effect.ignore(RateLimiter.failFast(call()))
      const { page, wrong } = yield* open()
      yield* sees(page, "#slots[data-points='3'], #slots[data-points='4']")
      for (const plot of ["slots", "waiting"]) assert.isTrue(yield* isPainted(page, plot), plot)
      const says = (plot: string) => Effect.promise(() => page.textContent(`#${plot} figcaption`))
      assert.include(yield* says("slots"), "at most 5 units were in use at once")
      assert.include(yield* says("slots"), "now 5 of 5")
      assert.include(yield* says("waiting"), "at most 1 calls waited at once; now 1.")
      assert.include(yield* says("refusals"), "0 calls were refused by the provider and 1 turned away.")
      assert.deepStrictEqual(wrong, [])
    }).pipe(Effect.scoped, Effect.provide(Board.layer()))
  )

  it.live("is worked by keyboard alone, and keeps to what was chosen when it is reloaded", () =>
    Effect.gen(function* () {
      for (const name of ["ada", "bob", "cyd"]) yield* call(name)
      const { page, wrong } = yield* open()
      const press = (...keys: ReadonlyArray<string>) =>
        Effect.forEach(keys, (key) => Effect.promise(() => page.keyboard.press(key)))
      const focused = Effect.promise(() =>
        page.evaluate<string>(
          "document.activeElement.closest('tr')?.dataset.key ?? document.activeElement.name ?? document.activeElement.id"
        )
      )
      yield* sees(page, row("acme|cyd|writes|"))
      // The first stop leads over everything to the content.
      yield* press("Tab")
      assert.strictEqual(yield* Effect.promise(() => page.evaluate("document.activeElement.className")), "skip")
      yield* press("Enter", "Tab")
      assert.strictEqual(yield* focused, "search")
      yield* press("Tab", "Tab", "ArrowDown", "j", "k")
      assert.strictEqual(yield* focused, "acme|bob|writes|")
      yield* press("Enter")
      yield* sees(page, row("acme|bob|writes|", ".chosen"))
      yield* press("/")
      yield* Effect.promise(() => page.keyboard.type("bo acme"))
      yield* Effect.promise(() => page.waitForSelector(row("acme|ada|writes|"), { state: "detached" }))
      yield* Effect.promise(() => page.reload())
      yield* sees(page, row("acme|bob|writes|", ".chosen"))
      assert.strictEqual(yield* Effect.promise(() => page.locator("#quotas tr").count()), 1)
      assert.deepStrictEqual(wrong, [])
    }).pipe(Effect.scoped, Effect.provide(Board.layer()))
  )

  it.live("is dark by night, light by day, and as somebody chooses", () =>
    Effect.gen(function* () {
      yield* call()
      const { page, wrong } = yield* open()
      const colours = Effect.promise(() =>
        page.evaluate<[string, string]>(
          "[getComputedStyle(document.body).backgroundColor, getComputedStyle(document.body).color]"
        )
      )
      const dark = yield* colours
      yield* Effect.promise(() => page.emulateMedia({ colorScheme: "light" }))
      const light = yield* colours
      assert.isBelow(lightness(dark[0]), 0.2)
      assert.isAbove(lightness(light[0]), 0.8)
      yield* Effect.promise(() => page.selectOption("#theme", "dark"))
      assert.deepStrictEqual(yield* colours, dark)
      yield* Effect.promise(() => page.reload())
      yield* sees(page, p)
      assert.deepStrictEqual(yield* colours, dark)
      assert.deepStrictEqual(wrong, [])
    }).pipe(Effect.scoped, Effect.provide(Board.layer()))
  )

  it.live("can be read in both schemes: whatever is written stands out by 4.5 to 1", () =>
    Effect.gen(function* () {
      for (let i = 0; i < 5; i++) yield* call()
      yield* Effect.forkScoped(Effect.ignore(RateLimiter.withPermit(Effect.void, claimOf("p"))))
      yield* Effect.ignore(RateLimiter.failFast(call()))
      yield* Effect.ignore(refused(60_000, "q"))
      const { page } = yield* open()
      yield* sees(page, "#happened [data-kind=paused]")
      for (const colorScheme of ["dark", "light"] as const) {
        yield* Effect.promise(() => page.emulateMedia({ colorScheme }))
        const faint = yield* Effect.promise(() => page.evaluate<ReadonlyArray<string>>(faintTexts))
        assert.deepStrictEqual(faint, [], colorScheme)
      }
    }).pipe(Effect.scoped, Effect.provide(Board.layer()))
  )

  it.live("says that it has lost its server, and goes on when that is back", () =>
    Effect.gen(function* () {
      yield* call()
      const { page } = yield* open()
      yield* Effect.promise(() => page.context().setOffline(true))
      yield* Effect.promise(() => page.route("**/changes", (route) => route.abort()))
      yield* Effect.promise(() => page.reload().catch(() => undefined))
      yield* Effect.promise(() => page.context().setOffline(false))
      yield* Effect.flatMap(Board.origin, (origin) => Effect.promise(() => page.goto(`${origin}/limits`)))
      yield* sees(page, "#live >> text=not connected")
      yield* Effect.promise(() => page.unroute("**/changes"))
      yield* Effect.promise(() => page.reload())
      yield* sees(page, "#live >> text=live")
      yield* sees(page, p)
    }).pipe(Effect.scoped, Effect.provide(Board.layer()))
  )
})

const lightness = (color: string) => {
  const [red = 0, green = 0, blue = 0] = color.match(/\d+/g)?.map(Number) ?? []
  return (red + green + blue) / 765
}

/** The texts whose contrast with what is behind them is less than WCAG's AA asks for. */
const faintTexts = `(() => {
  const parse = (text) => text.match(/[\\d.]+/g).map(Number)
  const channel = (value) => (value /= 255) <= 0.03928 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4
  const luminance = ([r, g, b]) => 0.2126 * channel(r) + 0.7152 * channel(g) + 0.0722 * channel(b)
  const behind = (element) => {
    for (let one = element; one; one = one.parentElement) {
      const color = parse(getComputedStyle(one).backgroundColor)
      if (color.length < 4 || color[3] === 1) return color
    }
    return [255, 255, 255]
  }
  const faint = []
  for (const element of document.querySelectorAll("body *")) {
    if (/SCRIPT|STYLE|NOSCRIPT|OPTION/.test(element.tagName)) continue
    const has = [...element.childNodes].some((node) => node.nodeType === 3 && node.textContent.trim() !== "")
    if (!has || element.getClientRects().length === 0) continue
    const [a, b] = [luminance(parse(getComputedStyle(element).color)), luminance(behind(element))]
    const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05)
    if (ratio < 4.5) faint.push(element.tagName + " " + element.className + " " + element.textContent.slice(0, 30) + " " + ratio.toFixed(2))
  }
  return faint
})()`
