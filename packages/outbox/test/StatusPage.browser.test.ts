import { assert, it } from "@effect/vitest"
import { Outbox, OutboxStore } from "@sluice/outbox"
import { Duration, Effect, Exit, Layer, Scope } from "effect"
import { HttpClientRequest } from "effect/http"
import type { Page as BrowserPage } from "playwright-core"
import * as Acme from "./support/Acme.ts"
import * as Browser from "../../page/test/support/Browser.ts"
import { send } from "./support/Live.ts"
import * as Page from "./support/Page.ts"
import { fresh } from "./support/storeContract.ts"

const evil = `<img src=x onerror="document.title='broken'">`

const unhappy = { status: 422, body: { sorry: "in-answer" } }

/** Opens the page, and notes whatever goes wrong in it. */
const open = Effect.gen(function* () {
  const page = yield* Browser.page
  const wrong: Array<string> = []
  page.on("pageerror", (error) => wrong.push(error.message))
  page.on("console", (message) => void (message.type() === "error" && wrong.push(message.text())))
  const url = `${yield* Page.origin}/outbox`
  yield* Effect.promise(() => page.goto(url))
  yield* sees(page, "#live >> text=live")
  return { page, url, wrong }
})

const sees = (page: BrowserPage, selector: string) => Effect.promise(() => page.waitForSelector(selector))
const misses = (page: BrowserPage, selector: string) =>
  Effect.promise(() => page.waitForSelector(selector, { state: "detached" }))
const row = (id: string, rest = "") => `tr[data-id=${JSON.stringify(id)}]${rest}`
const ids = (page: BrowserPage) =>
  Effect.promise(() => page.locator("#rows tr").evaluateAll((rows) => rows.map((row) => row.getAttribute("data-id"))))

const until = (id: string, tag: Outbox.Status["_tag"]) =>
  Effect.repeat(Effect.delay(Outbox.status(Outbox.ticket(id)), 10), { until: ({ _tag }) => _tag === tag })

Browser.describeChromium("the status page", () => {
  it.live("lists what waits and what failed and why, as text, and nothing of what it must not", () =>
    Effect.gen(function* () {
      const secret = HttpClientRequest.put(`/things/1`).pipe(
        HttpClientRequest.setUrlParams({ who: "in-query" }),
        HttpClientRequest.setHeader("x-note", "in-header"),
        HttpClientRequest.bodyJsonUnsafe({ note: "in-body" })
      )
      yield* send(secret, { id: "bad", subject: evil })
      for (let i = 0; i < 4; i++) yield* send(Acme.post(`/slow/${i}`), { id: `slow-${i}` })
      yield* until("bad", "Failed")
      yield* until("slow-1", "Done")
      const { page, wrong } = yield* open
      yield* sees(page, `${row("bad")} >> text=The server answered 422.`)
      yield* sees(page, `${row("slow-2")} >> text=in about 60 min`)
      yield* sees(page, `#summary >> text=acme 2 wait, the last goes in about 60 min, 1 failed`)
      const text = yield* Effect.promise(() => page.innerText("main"))
      assert.include(text, evil)
      assert.strictEqual(yield* Effect.promise(() => page.title()), "Outbox")
      const html = yield* Effect.promise(() => page.content())
      for (const hidden of ["in-query", "in-header", "in-body", "in-answer", "secret"]) assert.notInclude(html, hidden)
      // By night it is dark.
      const paper = yield* Effect.promise(() => page.evaluate("getComputedStyle(document.body).backgroundColor"))
      assert.strictEqual(paper, "rgb(18, 22, 27)")
      assert.deepStrictEqual(wrong, [])
    }).pipe(Effect.scoped, Effect.provide(Page.layer({}, { "/things/1": [unhappy] })))
  )

  it.live("searches and pages by keyboard alone, and keeps to what was chosen when it is reloaded", () =>
    Effect.gen(function* () {
      const sent = Array.from({ length: 60 }, (_, i) => `slow-${String(i).padStart(2, "0")}`)
      for (const id of sent) yield* send(Acme.post(`/slow/${id}`), { id, subject: id.endsWith("7") ? "Ada" : "Bob" })
      const { page, wrong } = yield* open
      yield* Effect.promise(() => page.selectOption("[name=state]", "all"))
      yield* sees(page, row("slow-00"))
      assert.deepStrictEqual(yield* ids(page), sent.slice(0, 25))
      const press = (key: string) => Effect.promise(() => page.keyboard.press(key))
      yield* Effect.promise(() => page.focus("#next"))
      yield* press("Enter")
      yield* sees(page, row("slow-49"))
      yield* press("Enter")
      yield* sees(page, row("slow-59"))
      assert.deepStrictEqual(yield* ids(page), sent.slice(50))
      assert.isTrue(yield* Effect.promise(() => page.isDisabled("#next")))
      yield* Effect.promise(() => page.focus("#previous"))
      yield* press("Enter")
      yield* misses(page, row("slow-59"))
      assert.deepStrictEqual(yield* ids(page), sent.slice(25, 50))
      yield* press("/")
      yield* Effect.promise(() => page.keyboard.type("ada slow"))
      yield* misses(page, row("slow-25"))
      const adas = sent.filter((id) => id.endsWith("7"))
      assert.deepStrictEqual(yield* ids(page), adas)
      yield* Effect.promise(() => page.reload())
      yield* sees(page, row("slow-57"))
      assert.deepStrictEqual(yield* ids(page), adas)
      assert.deepStrictEqual(wrong, [])
    }).pipe(Effect.scoped, Effect.provide(Page.layer()))
  )

  it.live("finds what is far behind, and counts all", () =>
    Effect.gen(function* () {
      const store = yield* OutboxStore.OutboxStore
      for (let i = 0; i < 1100; i++) yield* store.insert(fresh(`n-${i}`, { provider: "other" }), i)
      const { page, wrong } = yield* open
      yield* Effect.promise(() => page.fill("[name=search]", "n-1099"))
      yield* misses(page, row("n-0"))
      yield* sees(page, row("n-1099"))
      assert.deepStrictEqual(yield* ids(page), ["n-1099"])
      yield* sees(page, "#summary >> text=other 1100 wait")
      yield* Effect.promise(() => page.fill("[name=search]", ""))
      yield* sees(page, row("n-0"))
      assert.deepStrictEqual(wrong, [])
    }).pipe(Effect.scoped, Effect.provide(Page.layer()))
  )

  it.live("follows what happens without being reloaded, and retries and cancels", () =>
    Effect.gen(function* () {
      const { page, wrong } = yield* open
      page.on("dialog", (dialog) => void dialog.accept())
      yield* sees(page, "text=Nothing waits, and nothing has failed.")
      yield* send(Acme.put("/things/1", {}), { id: "bad" })
      yield* sees(page, `${row("bad")} >> text=failed`)
      yield* Effect.promise(() => page.click(`${row("bad")} >> text=Retry`))
      yield* misses(page, row("bad"))
      yield* until("bad", "Done")
      for (let i = 0; i < 3; i++) yield* send(Acme.post(`/slow/${i}`), { id: `slow-${i}` })
      yield* sees(page, row("slow-2"))
      // A button keeps its focus while the list changes around it.
      yield* misses(page, row("slow-1"))
      yield* Effect.promise(() => page.focus(row("slow-2", " [data-action=cancel]")))
      yield* send(Acme.put("/things/1", {}), { id: "worse" })
      yield* sees(page, `${row("worse")} >> text=failed`)
      yield* Effect.promise(() => page.keyboard.press("Enter"))
      yield* misses(page, row("slow-2"))
      yield* until("slow-2", "Cancelled")
      yield* sees(page, "text=slow-2 is cancelled.")
      yield* Effect.promise(() => page.selectOption("[name=state]", "all"))
      yield* sees(page, `${row("slow-2")} >> text=cancelled`)
      yield* sees(page, `${row("bad")} >> text=done (200)`)
      // What came first elsewhere is said, and the page shows how it is.
      const elsewhere = Effect.andThen(Outbox.retry(Outbox.ticket("worse")), until("worse", "Done"))
      const context = yield* Effect.context<Outbox.Outbox>()
      yield* Effect.promise(() =>
        page.route("**/cancel", async (route) => {
          await Effect.runPromiseWith(context)(elsewhere)
          await route.continue()
        })
      )
      yield* Effect.promise(() => page.click(row("worse", " [data-action=cancel]")))
      yield* sees(page, "text=Ticket worse is done; only what waits or has failed can be cancelled.")
      assert.deepStrictEqual(
        wrong.filter((text) => !text.includes("409")),
        []
      )
    }).pipe(
      Effect.scoped,
      Effect.provide(
        Page.layer({}, { "/things/1": [{ status: 422 }, { status: 200, carriedOut: true }, { status: 422 }] })
      )
    )
  )

  it.live("lets its server end while it is open", () =>
    Effect.gen(function* () {
      const server = yield* Scope.make()
      const context = yield* Layer.buildWithScope(Page.layer(), server)
      const { page } = yield* Effect.provide(open, context)
      const [took] = yield* Effect.timed(Scope.close(server, Exit.void))
      // Without waiting for the page, which would be for the twenty seconds that the server allows.
      assert.isBelow(Duration.toMillis(took), 5000)
      yield* sees(page, "#live >> text=not connected")
    }).pipe(Effect.scoped)
  )
})
