/** What people may see of a call and of why it was not answered well, and what a search looks through: that, and nothing else. */
import type { Call } from "../Call.ts"
import type { Failure } from "../Failure.ts"

/** The address without what follows a question mark. */
export const pathOf = ({ url }: Call): string => url.replace(/[?#].*$/s, "")

/** What follows it. */
export const queryOf = (call: Call): string => {
  const { hash, url, urlParams } = call
  const query = new URLSearchParams(urlParams.map(([name, value]): [string, string] => [name, value])).toString()
  const own = url.slice(pathOf(call).length)
  return `${own}${query === "" ? "" : `${own.includes("?") ? "&" : "?"}${query}`}${hash === undefined ? "" : `#${hash}`}`
}

/** A failure in a sentence; with what the server's body said, or without. The path tells the address of a call, not this. */
export const saidOf = (failure: Failure, withBodies: boolean): string =>
  // Where no answer came, the client's error names the whole address.
  (withBodies ? failure.message : briefly(failure)).replace(/(https?:\/\/[^\s?#)"']*)[?#][^\s)"']*/g, "$1")

const briefly = (failure: Failure): string => {
  switch (failure._tag) {
    case "Answered":
      return `The server answered ${failure.status}.`
    case "AttemptsExhausted":
      return `After ${failure.attempts} attempts: ${briefly(failure.last)}`
    case "InDoubt":
      // What it says was made of how the last attempt ended, an answer's body included.
      return "Whether the call arrived is not known, and it was not to be sent twice."
    default:
      return failure.message
  }
}

/** What a search looks through of a call, in lower case. */
export const callWords = (ticket: {
  readonly id: string
  readonly provider: string
  readonly subject: string | null
  readonly call: Call
}): { readonly sought: string; readonly query: string } => ({
  sought: [ticket.id, ticket.provider, ticket.subject ?? "", `${ticket.call.method} ${pathOf(ticket.call)}`]
    .join("\n")
    .toLowerCase(),
  query: queryOf(ticket.call).toLowerCase()
})

/** The same of how it stands; null where bodies add nothing. */
export const failureWords = (failure: Failure | null): { readonly said: string; readonly saidWhole: string | null } => {
  if (failure === null) return { said: "", saidWhole: null }
  const said = saidOf(failure, false).toLowerCase()
  const whole = saidOf(failure, true).toLowerCase()
  return { said, saidWhole: whole === said ? null : whole }
}
