/** Responses for the tests of every provider: the literal ones of its fixtures. */
import { readFileSync } from "node:fs"
import type { Wire } from "@sluice/core/Provider"

/** Reads a response as it goes over the wire: a status line, headers, a blank line, the body. */
export const fixture = (file: URL, more: Partial<Wire> = {}): Wire => {
  const [head = "", ...body] = readFileSync(file, "utf8").split("\n\n")
  const [statusLine = "", ...lines] = head.split("\n")
  return {
    request: { method: "GET", path: "/" },
    status: Number(statusLine.split(" ")[1]),
    headers: Object.fromEntries(
      lines.map((line) => [line.slice(0, line.indexOf(":")).toLowerCase(), line.slice(line.indexOf(":") + 1).trim()])
    ),
    body: body.join("\n\n"),
    receivedAtMillis: Date.UTC(2024, 0, 1),
    ...more
  }
}
