/** The page in one piece, which loads nothing else; and the policy that lets it do no more than it does. */
import { Effect } from "effect"
import { Base64 } from "effect/encoding"
import { script } from "./Script.ts"
import { style } from "./Style.ts"

const states = ["open", "waiting", "sending", "failed", "done", "cancelled", "superseded", "all"]

export const html = `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>Outbox</title>
<link rel="icon" href="data:,">
<style>${style}</style>
<main>
<h1>Outbox <small id="live" role="status">connects</small></h1>
<ul id="summary" aria-label="Providers"></ul>
<form id="form" role="search">
<label>Search<input type="search" name="search" placeholder="subject, path, reason" aria-keyshortcuts="/" autocomplete="off"></label>
<label>Show<select name="state">${states.map((state) => `<option>${state}</option>`).join("")}</select></label>
<label>Provider<select name="provider"><option value="">all</option></select></label>
<label>A page<select name="limit"><option>25</option><option>100</option></select></label>
</form>
<p id="said" role="status"></p>
<div class="wide"><table><thead><tr><th scope="col">State<th scope="col">Provider<th scope="col">Call<th scope="col">When<th scope="col">Why<th scope="col">Do</tr></thead><tbody id="rows" tabindex="-1"></tbody></table></div>
<p id="none" class="soft"></p>
<nav aria-label="Pages"><button type="button" id="previous" disabled>Previous</button><button type="button" id="next" disabled>Next</button></nav>
<noscript>This page needs JavaScript.</noscript>
</main>
<script>${script}</script>
</html>
`

/** What goes with every answer. */
export const headers = Effect.gen(function* () {
  const [ofScript, ofStyle] = yield* Effect.all([hashOf(script), hashOf(style)])
  return {
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
})

const hashOf = (text: string) =>
  Effect.map(
    Effect.promise(() => crypto.subtle.digest("SHA-256", new TextEncoder().encode(text))),
    (digest) => `sha256-${Base64.encode(new Uint8Array(digest))}`
  )
