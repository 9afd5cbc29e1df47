import { Effect, Latch } from "effect"

/** Wakes all who wait. Take `next` before you look, so that nothing that rings while you look is missed. */
export class Bell {
  private latch = Latch.makeUnsafe(false)

  get next(): Effect.Effect<void> {
    return this.latch.await
  }

  ring(): void {
    const { latch } = this
    this.latch = Latch.makeUnsafe(false)
    latch.openUnsafe()
  }
}
