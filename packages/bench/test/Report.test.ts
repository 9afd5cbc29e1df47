import { assert, describe, it } from "@effect/vitest"
import * as Bench from "@sluice/bench/Bench"
import * as Page from "@sluice/bench/Page"
import { peers } from "@sluice/bench/Peers"
import * as Document from "@sluice/bench/Document"
import * as Report from "@sluice/bench/Report"
import { Effect } from "effect"
import { hasty, reportOf, sluice } from "./Fixtures.ts"

describe("Report", () => {
  it("says so where Sluice is not first, and who is", () => {
    const [note = "", ...others] = Report.notesOf(reportOf([sluice, hasty]))
    assert.lengthOf(others, 0)
    assert.match(
      note,
      /^Clarifai, 5 to 50 ms each way: Sluice has 92\.0 % and is refused 0; with refusals <hasty> has 97\.0 % and .+ It takes its time\.$/
    )
    assert.include(Report.text(reportOf([sluice, hasty])).join("\n"), note)
    assert.include(Document.markdown(reportOf([sluice, hasty]), Document.peers), note)
  })

  it("has nothing to explain where Sluice is first", () => {
    assert.deepStrictEqual(Report.notesOf(reportOf([sluice])), [])
    assert.deepStrictEqual(Report.notesOf(reportOf([hasty])), [])
  })

  it("shows the columns that are asked for, what they are, and how a server is set up", () => {
    const setup =
      "A server that counts in a way of its own, which takes more than one line of a terminal to say. ".repeat(2)
    const row = { ...hasty, policy: { ...hasty.policy, setup } }
    const text = Report.text({ ...reportOf([row]), columns: ["refusals", "share"] })
    assert.include(text[1], "; refusals: by the server's answers.")
    const title = text.findIndex((line) => line.startsWith("Clarifai: "))
    const [, first = "", second = "", header = "", body = ""] = text.slice(title)
    assert.strictEqual(`${first.trim()} ${second.trim()}`, setup.trim())
    assert.isAtMost(first.length, 120)
    assert.match(header, /^ +refusals +share of best$/)
    assert.match(body, /^<hasty> +25 \(0 to 25\) +97\.0 % \(96\.0 % to 98\.0 %\)$/)
  })

  it("compares Sluice with others only", () => {
    const other = { ...hasty, peer: { ...hasty.peer, id: "sluice-reading" } }
    assert.deepStrictEqual(Report.notesOf(reportOf([sluice, other])), [])
  })

  it("leaves single calls out of the data, and keeps every run", () => {
    const { rows } = Report.json(reportOf([sluice]))
    assert.lengthOf(rows[0]?.runs ?? [], 3)
    assert.notProperty(rows[0]?.runs[0], "doneAfterMillis")
  })

  it.effect("is a page that asks the network for nothing, and escapes every text", () =>
    Effect.gen(function* () {
      const page = yield* Page.page(reportOf([sluice, hasty]))
      assert.include(page, "uPlot")
      assert.notInclude(page, "<hasty>")
      assert.notMatch(page, /<link|<(script|img|iframe)[^>]*\ssrc=|@import|url\(\s*['"]?(https?:)?\/\//i)
    })
  )

  it("plots columns of one length: the instants, the best, and every peer", () => {
    const { columns, titles } = Page.plotOf([sluice, hasty])
    assert.deepStrictEqual(titles, ["best possible", "Sluice", "<hasty>"])
    assert.lengthOf(columns, 4)
    assert.strictEqual(new Set(columns.map(({ length }) => length)).size, 1)
  })
})

describe("roundsOf", () => {
  it("lets peers take turns, in another order each time, and in the first network three times as often", () => {
    const plan = { policies: [], networks: ["uniform", "tail"] as const, peers, repeats: 3, isQuick: false }
    const rounds = Bench.roundsOf(plan)
    assert.lengthOf(rounds, peers.length * 4)
    assert.strictEqual(new Set(rounds.map(({ network, peer, repeat }) => `${peer.id} ${network} ${repeat}`)).size, 44)
    assert.lengthOf(
      rounds.filter(({ network }) => network === "tail"),
      peers.length
    )
    assert.notStrictEqual(rounds[0]?.peer, rounds[peers.length * 2]?.peer)
  })
})
