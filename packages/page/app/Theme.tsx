/** Light or dark: as the system has it, unless somebody chooses here. */
import { createEffect, createSignal, type JSX } from "solid-js"

const schemes = ["auto", "light", "dark"] as const
type Scheme = (typeof schemes)[number]

const key = "sluice.scheme"
const stored = (): Scheme => {
  // A browser may keep nothing for this page.
  try {
    return schemes.find((one) => one === localStorage.getItem(key)) ?? "auto"
  } catch {
    return "auto"
  }
}

const [scheme, setScheme] = createSignal<Scheme>(stored())
const system = matchMedia("(prefers-color-scheme: dark)")
const [isSystemDark, setSystemDark] = createSignal(system.matches)
system.addEventListener("change", ({ matches }) => setSystemDark(matches))

/** What canvases are painted for. */
export const isDark = (): boolean => (scheme() === "auto" ? isSystemDark() : scheme() === "dark")

export const Theme = (): JSX.Element => {
  createEffect(() => {
    document.documentElement.style.colorScheme = scheme() === "auto" ? "light dark" : scheme()
    try {
      localStorage.setItem(key, scheme())
    } catch {
      return
    }
  })
  return (
    <label class="theme">
      <span class="unseen">Colours</span>
      <select id="theme" value={scheme()} onChange={(event) => setScheme(event.currentTarget.value as Scheme)}>
        {schemes.map((one) => (
          <option value={one}>{one}</option>
        ))}
      </select>
    </label>
  )
}
