/** What all views stand in: the way to the content and to the other views, whether it is live, and the colours. */
import { For, type JSX, Show } from "solid-js"
import type { View } from "../src/Views.ts"
import { Theme } from "./Theme.tsx"

const titles: Readonly<Record<View["name"], string>> = { limits: "Limits", outbox: "Outbox" }

/** A proxy may have put something before the paths. */
const prefixOf = (here: View): string => {
  const path = location.pathname.replace(/\/+$/, "")
  return path.endsWith(here.path) ? path.slice(0, path.length - here.path.length) : ""
}

export const Frame = (props: {
  readonly here: View
  readonly views: ReadonlyArray<View>
  readonly isLive: boolean | undefined
  readonly children: JSX.Element
}): JSX.Element => {
  const prefix = prefixOf(props.here)
  return (
    <>
      <a class="skip" href="#content">
        To the content
      </a>
      <header>
        <span class="brand" aria-hidden="true">
          <i />
          <i />
          <i />
        </span>
        <nav aria-label="Views">
          <For each={props.views}>
            {(view) => (
              <a
                href={`${prefix}${view.path}` || "/"}
                aria-current={view.path === props.here.path ? "page" : undefined}
              >
                {titles[view.name]}
              </a>
            )}
          </For>
        </nav>
        <small id="live" role="status" classList={{ lost: props.isLive === false, flows: props.isLive === true }}>
          <Show when={props.isLive !== undefined} fallback="connects">
            {props.isLive ? "live" : "not connected: tries again"}
          </Show>
        </small>
        <Theme />
      </header>
      <main id="content" tabindex="-1">
        {props.children}
      </main>
    </>
  )
}

/** Puts the focus into the search when somebody types a slash elsewhere. */
export const slashFocuses = (input: () => HTMLElement | undefined): void => {
  document.addEventListener("keydown", (event) => {
    const { target } = event
    if (event.key !== "/" || event.ctrlKey || event.metaKey || event.altKey) return
    if (target instanceof Element && /^(INPUT|SELECT|TEXTAREA)$/.test(target.tagName)) return
    event.preventDefault()
    input()?.focus()
  })
}
