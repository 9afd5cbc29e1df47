/** One HTML file with everything in it, plotted by uPlot. What the pages of the demo and of the benchmarks have in common. */
import { readFile } from "node:fs/promises"
import { createRequire } from "node:module"
import { dirname, join } from "node:path"
import { Effect } from "effect"

/** The plotting library's own two files. */
export interface Library {
  readonly library: string
  readonly css: string
}

export const library: Effect.Effect<Library> = Effect.promise(async () => {
  const folder = dirname(createRequire(import.meta.url).resolve("uplot"))
  const [library, css] = await Promise.all([
    readFile(join(folder, "uPlot.iife.min.js"), "utf8"),
    readFile(join(folder, "uPlot.min.css"), "utf8")
  ])
  return { library, css }
})

export interface Content {
  readonly title: string
  /** Markup. */
  readonly body: string
  /** What the script reads from the element `data`. */
  readonly data: unknown
  readonly style: string
  readonly script: string
}

export const html = (
  { body, data, script, style, title }: Content,
  { css, library }: Library
): string => `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>${escape(title)}</title>
<style>${css}
${style}</style>
</head>
<body>
<main>
${body}
</main>
<script type="application/json" id="data">${json(data)}</script>
<script>${inert(library)}</script>
<script>${script}</script>
</body>
</html>
`

/** Text that means itself in HTML, in attributes too. */
export const escape = (text: string): string =>
  text
    .replaceAll("&", "&amp;")
    .replaceAll("<", "&lt;")
    .replaceAll(">", "&gt;")
    .replaceAll('"', "&quot;")
    .replaceAll("'", "&#39;")

/** JSON that cannot end the element it stands in. */
const json = (value: unknown) => JSON.stringify(value).replaceAll("<", "\\u003c")
const inert = (code: string) => code.replaceAll("</script", "<\\/script")
