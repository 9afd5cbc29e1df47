/** Shows a file or an address in the system's browser. */
import { spawn } from "node:child_process"
import { Effect } from "effect"

const command = process.platform === "darwin" ? "open" : process.platform === "win32" ? "explorer" : "xdg-open"

/** Starts the browser and does not wait for it; where there is none, nothing happens. */
export const open = (path: string): Effect.Effect<void> =>
  Effect.sync(() => {
    const browser = spawn(command, [path], { detached: true, stdio: "ignore" })
    browser.on("error", () => {})
    browser.unref()
  })
