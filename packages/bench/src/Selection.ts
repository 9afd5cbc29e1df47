/** Which policies, peers and networks are compared. */
import * as Catalogue from "@sluice/cli/Catalogue"
import { Effect } from "effect"
import * as Network from "./Network.ts"
import { peers } from "./Peers.ts"
import * as Policy from "./Policy.ts"

/** `only` names some of each, with commas; of what is not named, all. Fails for a name that is nobody's. */
export const make = Effect.fnUntraced(function* (only: string, isQuick: boolean) {
  const chosen = yield* among(only, [...Policy.ids, ...peers.map(({ id }) => id), ...Network.ids])
  return {
    policies: yield* Effect.forEach(
      chosen(Policy.ids, (id) => id),
      (id) => Policy.load(id, isQuick)
    ),
    peers: chosen(peers, ({ id }) => id),
    networks: chosen<Network.Network>(Network.ids, (id) => id, isQuick ? ["uniform"] : Network.ids)
  }
})

/** Takes those of a list that `only` names, or if it names none, the usual ones. Fails for a name that is not among the known. */
export const among = Effect.fnUntraced(function* (only: string, known: ReadonlyArray<string>) {
  const names = only.split(",").filter((name) => name !== "")
  const stranger = names.find((name) => !known.includes(name))
  if (stranger !== undefined) {
    return yield* Catalogue.fail(`Nothing is called ${JSON.stringify(stranger)}. There are ${known.join(", ")}.`)
  }
  return <A>(all: ReadonlyArray<A>, nameOf: (one: A) => string, usual = all) => {
    const named = all.filter((one) => names.includes(nameOf(one)))
    return named.length > 0 ? named : usual
  }
})
