/**
 * Lets a worker or its database die, lets the work go on with what is left, and compares what was acknowledged with what the
 * server has done.
 */
import type { Database, Kind } from "./Databases.ts"
import * as Proxy from "./Proxy.ts"
import * as Server from "./Server.ts"
import { statesIn } from "./Stores.ts"
import type { At } from "./steps.ts"
import { type Ended, run } from "./Victim.ts"

export type Victim = "worker" | "database"

/** Who dies, and when: at a statement of SQLite, at a request to the database, or at one to the server. */
export interface Case {
  readonly victim: Victim
  readonly statement?: At
  readonly asking?: Proxy.Plan
  readonly sending?: Server.Plan
}

export interface Death {
  readonly store: Kind
  readonly victim: Victim
  readonly step: string
  readonly acknowledged: number
  readonly lost: ReadonlyArray<string>
  /** Carried out twice, where the store said `sending` and the server had carried it out: nobody could know. */
  readonly duplicated: ReadonlyArray<string>
  readonly needless: ReadonlyArray<string>
}

export interface Stage {
  readonly database: Database
  readonly program: string
}

/** One whole run: what it said, what its store was asked for, and what its server saw. */
export const whole = async (stage: Stage) => {
  const { first, requests, serving } = await play(stage, { victim: "worker" })
  return { lines: first.lines, requests, merged: serving.merged(), sent: serving.requests() }
}

/** None if the run was over before: what comes at once is written at once, in fewer steps. */
export const die = async (stage: Stage, plan: Case): Promise<Death | undefined> => {
  const { atDeath, first, second, serving, states, step } = await play(stage, plan)
  if (step === undefined) return undefined
  const over = second ?? first
  if (over.code !== 0 || !over.lines.includes("finished")) {
    throw new Error(`after ${step} (${plan.victim}, ${stage.database.kind}): ${over.code} ${over.lines.join("\n")}`)
  }
  const times = (id: string) => serving.carriedOut.get(id) ?? 0
  const acknowledged = saying(first.lines, "acknowledged ")
  const sent = saying(acknowledged, "send ")
  const ended = new Map(
    [first, over].flatMap(({ lines }) => saying(lines, "ended ").map((line) => line.split(" ") as [string, string]))
  )
  // What is held because nobody knows is in the dead letters; what was superseded or cancelled is not to be sent.
  const isKept = (id: string) =>
    ended.get(id) === "Superseded" ||
    (id === "gone" && ended.get(id) === "Cancelled") ||
    (id === "hold" && ended.get(id) === "Failed") ||
    times(id) > 0
  const left = saying(over.lines, "left ").filter((id) => !(id === "hold" && ended.get(id) === "Failed"))
  const allowed = (id: string) => {
    if (id === "gone" && acknowledged.includes("cancel gone")) return 0
    if (plan.victim === "database" || states?.get(id) !== "sending" || id === "key") return 1
    return id === "hold" ? Math.max(1, atDeath?.get(id) ?? 0) : 2
  }
  const ids = [...serving.carriedOut.keys()]
  return {
    store: stage.database.kind,
    victim: plan.victim,
    step,
    acknowledged: acknowledged.length,
    lost: [
      ...sent.filter((id) => !isKept(id) || !ended.has(id)),
      ...(acknowledged.includes("retry bad") && times("bad") === 0 ? ["retry bad"] : []),
      ...left.map((id) => `purge ${id}`)
    ],
    duplicated: ids.filter((id) => times(id) > 1 && times(id) <= allowed(id)),
    needless: ids.filter((id) => times(id) > allowed(id))
  }
}

const play = async ({ database, program }: Stage, { asking, sending, statement, victim }: Case) => {
  const at = await database.fresh()
  const direct = at(database.port)
  const serving = await Server.serve(sending)
  const proxy = database.kind === "sqlite" ? undefined : await Proxy.listen(database.kind, database.port, asking)
  try {
    let fallen: string | undefined
    let falling: Promise<void> | undefined
    const first = await run(program, proxy ? at(proxy.port) : direct, serving, "send", statement, (kill) => {
      if (proxy === undefined) return
      proxy.kill = async (label) => {
        if (victim === "worker") return kill(label)
        fallen = label
        await (falling = database.fall())
      }
    })
    await falling
    const step = fallen ?? saying(first.lines, "died ")[0]
    const requests = [...(proxy?.requests ?? saying(first.lines, "step "))]
    if (step === undefined) return { first, requests, serving }
    // What was on the wire has come to the server by then.
    await new Promise((resolve) => setTimeout(resolve, 50))
    const atDeath = new Map(serving.carriedOut)
    if (first.lines.includes("finished")) return { first, requests, serving, step, atDeath }
    const states = await statesIn(direct)
    const second: Ended = await run(program, direct, serving, "work")
    return { first, second, requests, serving, step, atDeath, states }
  } finally {
    await proxy?.close()
    await serving.close()
  }
}

export const saying = (lines: ReadonlyArray<string>, what: string) =>
  lines.filter((line) => line.startsWith(what)).map((line) => line.slice(what.length))
