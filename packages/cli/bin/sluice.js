#!/usr/bin/env node
/** Runs what was built; in a clone that has not been built, the sources as they are. */
import { spawn } from "node:child_process"
import { existsSync } from "node:fs"
import { fileURLToPath } from "node:url"

const built = fileURLToPath(new URL("../dist/main.js", import.meta.url))
const source = fileURLToPath(new URL("../src/main.ts", import.meta.url))

if (existsSync(built)) await import(built)
else {
  const child = spawn(process.execPath, ["--conditions=@sluice/source", source, ...process.argv.slice(2)], {
    stdio: "inherit"
  })
  // The child ends in its own way and we after it: a terminal's Ctrl-C reaches both.
  process.on("SIGINT", () => {})
  process.on("SIGTERM", () => child.kill("SIGTERM"))
  child.on("exit", (code) => process.exit(code ?? 1))
}
