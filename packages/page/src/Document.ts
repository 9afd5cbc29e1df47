/** The page in one piece, which loads nothing else; and the policy that lets it do no more than it does. */
import { Effect } from "effect"
import { Base64 } from "effect/encoding"
import type { View } from "./Views.ts"

/** The app's script and style, and the headers that go with every answer. */
export interface Parts {
  readonly script: string
  readonly style: string
  readonly headers: Readonly<Record<string, string>>
}

/** Read once, when something is mounted. */
export const parts: Effect.Effect<Parts> = Effect.gen(function* () {
  const app = yield* Effect.promise(() => import("#app"))
  const { style } = app
  const script = inert(app.script)
  const [ofScript, ofStyle] = yield* Effect.all([hashOf(script), hashOf(style)])
  return {
    script,
    style,
    headers: {
      "content-security-policy":
        `default-src 'none'; script-src '${ofScript}'; style-src '${ofStyle}'; connect-src 'self'; img-src data:; ` +
        "base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
      "cache-control": "no-store",
      "cross-origin-opener-policy": "same-origin",
      "cross-origin-resource-policy": "same-origin",
      "referrer-policy": "no-referrer",
      "x-content-type-options": "nosniff",
      "x-frame-options": "DENY"
    }
  }
})

const titles = { limits: "Limits", outbox: "Outbox" }

/** The page for one view, which tells the app what else is mounted. */
export const html = ({ script, style }: Parts, here: View, views: ReadonlyArray<View>): string => `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>${titles[here.name]}</title>
<link rel="icon" href="data:,">
<style>${style}</style>
</head>
<body>
<div id="app" data-here="${attribute(here)}" data-views="${attribute(views)}"></div>
<noscript><main class="plain"><h1>${titles[here.name]}</h1><p>This page needs JavaScript: it shows what changes while it changes. The same as JSON: <a href="${here.path}/${data[here.name]}">${here.path}/${data[here.name]}</a></p></main></noscript>
<script>${script}</script>
</body>
</html>
`

const data = { limits: "state", outbox: "tickets" }

const attribute = (value: unknown) =>
  JSON.stringify(value).replaceAll("&", "&amp;").replaceAll('"', "&quot;").replaceAll("<", "&lt;")

/** Code that can neither end the element that it stands in nor begin a comment there. */
const inert = (code: string) => code.replaceAll("</script", "<\\/script").replaceAll("<!--", "<\\!--")

const hashOf = (text: string) =>
  Effect.map(
    Effect.promise(() => crypto.subtle.digest("SHA-256", new TextEncoder().encode(text))),
    (digest) => `sha256-${Base64.encode(new Uint8Array(digest))}`
  )
