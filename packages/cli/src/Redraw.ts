/** Lines at the bottom of a terminal that are drawn anew, ten times a second, until the scope closes. */
import { Effect, type Scope, Terminal } from "effect"

export const every = (
  draw: (columns: number) => ReadonlyArray<string>
): Effect.Effect<void, never, Scope.Scope | Terminal.Terminal> =>
  Effect.gen(function* () {
    const terminal = yield* Terminal.Terminal
    let height = 0
    const redraw = Effect.gen(function* () {
      // Some terminals do not tell their width.
      const lines = draw((yield* terminal.columns) || 80)
      const up = height === 0 ? "" : `\u001b[${height}A`
      height = lines.length
      yield* Effect.ignore(terminal.display(`${up}${lines.map((text) => `\u001b[2K${text}\n`).join("")}`))
    })
    yield* Effect.ignore(terminal.display("\u001b[?25l"))
    yield* Effect.addFinalizer(() => Effect.andThen(redraw, Effect.ignore(terminal.display("\u001b[?25h"))))
    yield* Effect.forkScoped(Effect.forever(Effect.andThen(redraw, Effect.sleep("100 millis"))))
  })
