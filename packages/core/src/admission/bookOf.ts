import type { Quota } from "../Quota.ts"
import type { Book } from "./Book.ts"
import { BucketBook } from "./BucketBook.ts"
import type { ServerClock } from "./ServerClock.ts"
import { ConcurrencyBook, IdleResetBook, UnpublishedBook } from "./SimpleBooks.ts"
import { SlidingBook } from "./SlidingBook.ts"
import { WindowBook } from "./WindowBook.ts"

const kinds = {
  rolling: WindowBook,
  fixed: WindowBook,
  slidingCounter: SlidingBook,
  unknown: SlidingBook,
  tokenBucket: BucketBook,
  idleReset: IdleResetBook,
  concurrency: ConcurrencyBook,
  unpublished: UnpublishedBook
}

/** Whether windows are what the quota says, or of a kind that nobody knows. */
export type Stance = "published" | "unknown"

/** Empty books of the quota's kind, or of the stance's. */
export const bookOf = (quota: Quota, clock: ServerClock, stance: Stance): Book => {
  const isWindow = quota.kind === "rolling" || quota.kind === "fixed"
  return new kinds[isWindow && stance === "unknown" ? "unknown" : quota.kind](quota, clock)
}
