/** The safeguards of those who wait: who goes next, and who has to leave. */
import type { Mutation } from "./Mutations.ts"

export interface RoomMutation extends Mutation {
  readonly suite: "room"
}

type Row = readonly [safeguard: string, from: string, to: string]

const inFile = (file: string, ...rows: ReadonlyArray<Row>) =>
  rows.map(([safeguard, from, to]): RoomMutation => ({ file, suite: "room", safeguard, from, to }))

export const roomMutations: ReadonlyArray<RoomMutation> = [
  ...inFile(
    "admission/Turns.ts",
    ["a turn is paid for by weight", "flow.startTag += cost / flow.weight\n", "flow.startTag += cost\n"],
    ["a turn is paid for by cost", "flow.startTag += cost / flow.weight\n", "flow.startTag += 1 / flow.weight\n"],
    [
      "who was away makes up for nothing",
      "flow.startTag = Math.max(flow.startTag, this.virtualTime)\n",
      "flow.startTag = Math.max(flow.startTag, 0)\n"
    ],
    [
      "who comes back pays what it owes",
      "flow.startTag = Math.max(flow.startTag, this.virtualTime)\n",
      "flow.startTag = this.virtualTime\n"
    ],
    ["only who was served pays", "if (servedAt !== undefined) {", "if (true) {"],
    ["who rests is forgotten", "if (heap.length === 0) this.flows.clear()\n    else if", "if"],
    [
      "units before a tenant's are no more than there are",
      "Math.min(flow.units, Math.max(0,",
      "Math.max(flow.units, Math.max(0,"
    ]
  ),
  ...inFile("admission/Lane.ts", [
    "the more urgent go first",
    "if ((this.levels[middle]?.priority ?? -Infinity) > priority) low",
    "if ((this.levels[middle]?.priority ?? -Infinity) < priority) low"
  ]),
  ...inFile("admission/Flow.ts", [
    "a tenant's calls go in their order",
    "while (before && sequence < before.permit.sequence) before = before.before\n",
    ""
  ]),
  ...inFile(
    "WaitingRoom.ts",
    ["who goes next is looked at at once", "if (!decision && lane.first === waiter) {", "if (false) {"],
    ["a full room is not one tenant's", "!this.makePlace(permit, now))", "true)"],
    [
      "the last of the loudest leaves",
      "if (!last || outranks(last.permit, flow.last.permit))",
      "if (!last || outranks(flow.last.permit, last.permit))"
    ]
  ),
  ...inFile("admission/Tenants.ts", [
    "who has less than its share takes a place",
    "share < most) continue",
    "share >= most) continue"
  ])
]
