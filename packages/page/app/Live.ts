/** The stream of what changes, and whether it flows. */
import { createSignal, onCleanup, type Accessor } from "solid-js"

export interface Live {
  readonly isLive: Accessor<boolean | undefined>
}

/** Listens until the view goes away; the browser itself connects again. */
export const listen = (
  url: string,
  handlers: { readonly onOpen?: () => void; readonly events: Readonly<Record<string, (data: unknown) => void>> }
): Live => {
  const [isLive, setLive] = createSignal<boolean | undefined>(undefined)
  const source = new EventSource(url)
  source.addEventListener("open", () => {
    setLive(true)
    handlers.onOpen?.()
  })
  source.addEventListener("error", () => setLive(false))
  for (const [name, handle] of Object.entries(handlers.events)) {
    source.addEventListener(name, (event: MessageEvent<string>) => handle(JSON.parse(event.data)))
  }
  onCleanup(() => source.close())
  return { isLive }
}
