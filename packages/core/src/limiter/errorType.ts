import { Exit, Option, Predicate, type Tracer } from "effect"

/** Names the error that a span ends with, as OpenTelemetry does. */
export const tellErrorType = (span: Tracer.Span, exit: Exit.Exit<unknown, unknown>): void => {
  const error = Option.getOrUndefined(Exit.findErrorOption(exit))
  if (Predicate.hasProperty(error, "_tag")) span.attribute("error.type", error._tag)
}
