/** The inbox over HTTP: `GET /inbox`. */
import type { AdmissionError } from "@sluice/core/AdmissionError"
import { DateTime, Duration, Effect, Option } from "effect"
import { Headers, HttpRouter, HttpServerResponse } from "effect/http"
import { Inbox } from "./Inbox.ts"

// #region statuses
const failed = (status: number, error: string) => HttpServerResponse.jsonUnsafe({ error }, { status })

/** 503, and when to come back if that is known. */
const unavailable = (error: string, retryAfter: Option.Option<Duration.Duration>) =>
  Option.match(retryAfter, {
    onNone: () => failed(503, error),
    onSome: (wait) =>
      HttpServerResponse.setHeader(
        failed(503, error),
        "retry-after",
        Headers.formatRetryAfter(Headers.retryAfterDuration(wait))
      )
  })

/** How long until a call may be admitted that was not. */
const waitOf = ({ reason }: AdmissionError) =>
  Effect.map(DateTime.now, (now) =>
    reason._tag === "DeadlineExceeded"
      ? Option.some(DateTime.distance(now, reason.earliest))
      : reason._tag === "Closed"
        ? Option.some(DateTime.distance(now, reason.retryAt))
        : Option.none()
  )

/** Every failure has its status; whatever the quota says goes on to our own clients. */
export const inbox = Inbox.use((inbox) => inbox.newest(3)).pipe(
  Effect.map((found) => HttpServerResponse.jsonUnsafe(found)),
  Effect.catchTags({
    AdmissionError: (error) =>
      Effect.map(waitOf(error), (wait) => unavailable("too many requests for Productlane", wait)),
    ProductlaneRateLimited: ({ retryAfter }) => Effect.succeed(unavailable("Productlane refuses requests", retryAfter)),
    CircuitBreakerError: ({ reason }) =>
      Effect.succeed(
        unavailable(
          "Productlane is down",
          reason._tag === "CircuitOpen" ? Option.some(reason.retryAfter) : Option.none()
        )
      ),
    TimeoutError: () => Effect.succeed(failed(504, "Productlane does not answer")),
    HttpClientError: () => Effect.succeed(failed(502, "Productlane answers with an error")),
    SchemaError: () => Effect.succeed(failed(502, "Productlane answers with something else"))
  })
)
// #endregion

export const routes = HttpRouter.add("GET", "/inbox", inbox)
