import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import * as Report from "@sluice/cli/Report"
import { outcomeOf } from "./Fixtures.ts"

const hostile = `</script><img src=x onerror="alert('1')">`

describe("Report", () => {
  it.effect("holds everything in one file and asks the network for nothing", () =>
    Effect.gen(function* () {
      const page = yield* Report.page([outcomeOf()])
      assert.include(page, "uPlot")
      assert.include(page, ".u-legend")
      assert.notMatch(page, /<link|<(script|img|iframe)[^>]*\ssrc=|@import|url\(\s*['"]?(https?:)?\/\//i)
      assert.match(page, /<meta name="viewport"/)
      assert.include(page, "prefers-color-scheme: dark")
    })
  )

  it("escapes every text, in the markup and in the data", () => {
    const page = Report.html(
      [
        outcomeOf({
          id: hostile,
          title: hostile,
          call: hostile,
          says: hostile,
          peculiarities: { provoked: 1, list: [{ about: hostile, says: hostile }] }
        })
      ],
      { library: "'</script>'", css: "" }
    )
    assert.notInclude(page, "<img")
    assert.lengthOf(page.match(/<\/script>/g) ?? [], 3)
    assert.include(page, "&lt;/script&gt;&lt;img src=x onerror=&quot;alert(&#39;1&#39;)&quot;&gt;")
  })

  it("plots columns of one length, refusals only where there are some", () => {
    const { done, requests } = Report.plotsOf(outcomeOf())
    for (const columns of [done, requests]) {
      assert.strictEqual(new Set(columns.map((column) => column.length)).size, 1)
    }
    const [, sluice = [], , sluiceRefused = [], sampleRefused = []] = requests
    assert.strictEqual(
      sluice.reduce((sum: number, count) => sum + (count ?? 0), 0),
      4
    )
    assert.isTrue(sluiceRefused.every((count) => count === null))
    assert.deepStrictEqual(
      sampleRefused.filter((count) => count !== null),
      [1, 1, 1]
    )
    assert.deepStrictEqual(
      done.slice(1).map((column) => column.at(-1)),
      [4, 4, 4]
    )
  })

  it("stays readable without a script", () => {
    assert.match(Report.html([outcomeOf()], { library: "", css: "" }), /<td>2 of 4<\/td><td>7<\/td>/)
  })
})
