import { brotliCompressSync, gzipSync } from "node:zlib"
import { assert, describe, it } from "@effect/vitest"
import * as Document from "@sluice/page/Document"
import type { View } from "@sluice/page/Views"
import { Effect } from "effect"

const limits: View = { name: "limits", path: "/limits" }
const outbox: View = { name: "outbox", path: "/a/outbox" }

describe("the app", () => {
  it.live("is one document under 100 kB compressed, which loads nothing and whose policy lets only it run", () =>
    Effect.gen(function* () {
      const parts = yield* Document.parts
      const html = Document.html(parts, limits, [limits, outbox])
      assert.isBelow(gzipSync(html).length, 100_000)
      assert.isBelow(brotliCompressSync(html).length, 100_000)
      assert.deepStrictEqual(html.match(/<script[^>]*>/g), ["<script>"])
      assert.notMatch(html.replace(/<script>.*<\/script>/s, ""), /https?:|\bsrc=|<[^>]+ (?:on\w+|style)=/)
      const policy = parts.headers["content-security-policy"] ?? ""
      assert.match(
        policy,
        /^default-src 'none'; script-src 'sha256-[\w+/=]+'; style-src 'sha256-[\w+/=]+'; connect-src 'self'/
      )
      assert.notInclude(policy, "unsafe")
    })
  )

  it.live("is told which view it is and what else there is, in a way that no path can break", () =>
    Effect.gen(function* () {
      const parts = yield* Document.parts
      const html = Document.html(parts, outbox, [{ name: "limits", path: `/"><script>` }, outbox])
      assert.include(html, "<title>Outbox</title>")
      assert.include(
        html,
        'data-views="[{&quot;name&quot;:&quot;limits&quot;,&quot;path&quot;:&quot;/\\&quot;>&lt;script>&quot;}'
      )
      assert.include(html, `<a href="/a/outbox/tickets">`)
    })
  )
})
