/** All peers, in the order of the tables. */
import type { Peer } from "./Peer.ts"
import { bottleneck } from "./peers/BottleneckRedis.ts"
import * as EffectRedis from "./peers/EffectRedis.ts"
import { flexible } from "./peers/Flexible.ts"
import { sluice } from "./peers/SluicePeer.ts"

export const peers: ReadonlyArray<Peer> = [
  sluice,
  flexible,
  bottleneck,
  EffectRedis.fixedWindow,
  EffectRedis.tokenBucket
]

export const find = (id: string): Peer | undefined => peers.find((peer) => peer.id === id)

/** The packages that are compared, and the driver of those that are not Effect's. */
export const packages = ["effect", "rate-limiter-flexible", "bottleneck", "ioredis"]
