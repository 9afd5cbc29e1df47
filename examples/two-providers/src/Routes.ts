/** The inbox over HTTP: `GET /inbox`. */
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

/** The same for our own refusal and for a provider's. */
const limited = (error: string, retryAt: Option.Option<DateTime.Utc>) =>
  Effect.map(DateTime.now, (now) =>
    unavailable(
      error,
      Option.map(retryAt, (at) => DateTime.distance(now, at))
    )
  )

/** Every failure has its status; whatever the quota says goes on to our own clients. */
export const inbox = Inbox.use((inbox) => inbox.newest(3)).pipe(
  Effect.map((found) => HttpServerResponse.jsonUnsafe(found)),
  Effect.catchTags({
    AdmissionError: ({ retryAt }) => limited("too many requests for Productlane", retryAt),
    ProductlaneRateLimited: ({ retryAt }) => limited("Productlane refuses requests", retryAt),
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
