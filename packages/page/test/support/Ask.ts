/** Asks by `node:http`, which sends the headers that it is given, a browser's or a liar's. */
import { request } from "node:http"
import { Effect } from "effect"

export interface Answer {
  readonly status: number
  readonly headers: Readonly<Record<string, string | ReadonlyArray<string> | undefined>>
  readonly text: string
}

export type Headers = Readonly<Record<string, string>>

export const ask = (
  origin: string,
  path: string,
  {
    headers = {},
    host,
    method = "GET"
  }: {
    readonly headers?: Headers | undefined
    readonly method?: string | undefined
    readonly host?: string | undefined
  } = {}
): Effect.Effect<Answer> =>
  Effect.callback<Answer>((resume) => {
    const url = new URL(path, host === undefined ? origin : origin.replace(/\/\/[^:]+/, `//${host}`))
    const asked = request(url, { method, headers, agent: false }, (response) => {
      let text = ""
      response.setEncoding("utf8").on("data", (part: string) => (text += part))
      response.on("end", () =>
        resume(Effect.succeed({ status: response.statusCode ?? 0, headers: response.headers, text }))
      )
    })
    asked.on("error", (error) => resume(Effect.die(error)))
    asked.end(method === "POST" ? "{}" : undefined)
  })
