/** What `#app` is where the page runs from source: built when it is first asked for, and again when a source has changed. */
import { build } from "./Build.ts"

const code = await build()
const made = (await import(`data:text/javascript,${encodeURIComponent(code)}`)) as typeof import("../../built/App.js")

export const { script, style } = made
