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

/** Empty books of the quota's kind. */
export const bookOf = (quota: Quota, clock: ServerClock): Book => new kinds[quota.kind](quota, clock)
