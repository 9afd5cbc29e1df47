/** All peers, in the order of the tables. */
import type { Peer } from "./Peer.ts"
import * as BottleneckPeer from "./peers/BottleneckPeer.ts"
import * as EffectPeers from "./peers/EffectPeers.ts"
import { limiter } from "./peers/Limiter.ts"
import * as PQueue from "./peers/PQueue.ts"
import * as PThrottle from "./peers/PThrottle.ts"
import { retryOnly } from "./peers/RetryOnly.ts"
import { sluice } from "./peers/SluicePeer.ts"

export const peers: ReadonlyArray<Peer> = [
  sluice,
  PQueue.padded,
  PQueue.strict,
  BottleneckPeer.minTime,
  BottleneckPeer.reservoir,
  PThrottle.strict,
  limiter,
  EffectPeers.fixedWindow,
  EffectPeers.tokenBucket,
  EffectPeers.limiter,
  retryOnly
]

export const find = (id: string): Peer | undefined => peers.find((peer) => peer.id === id)
