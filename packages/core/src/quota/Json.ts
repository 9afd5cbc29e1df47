import { Effect, Schema, SchemaIssue, SchemaTransformation, Struct } from "effect"
import { type Definition, definition, isQuota, type Kind, make, type Quota, type QuotaError } from "../Quota.ts"
import { kinds, pacings, phases } from "./Rules.ts"

const Duration = Schema.Union([Schema.Finite, Schema.String])
const SlowBelow = Schema.Struct({ remaining: Schema.Finite, when: Schema.Literals(["others", "always"]) })

/** A quota read from JSON and written to it: `{ "kind": "rolling", "limit": 1000, "window": "1 minute" }`. */
export const QuotaJson = Schema.Struct({
  kind: Schema.Literals(kinds),
  ...Struct.map(
    {
      name: Schema.String,
      limit: Schema.Finite,
      window: Duration,
      refill: Schema.Finite,
      step: Schema.Finite,
      phase: Schema.Literals(phases),
      countsRefused: Schema.Boolean,
      countsOnArrival: Schema.Boolean,
      penalty: Duration,
      pacing: Schema.Literals(pacings),
      slowBelow: Schema.Union([Schema.Finite, SlowBelow]),
      slack: Duration,
      releaseLag: Duration,
      latencyFloor: Duration,
      rateMargin: Schema.Finite,
      assumed: Schema.Boolean,
      published: Schema.Finite,
      source: Schema.Struct({ url: Schema.String, readOn: Schema.String })
    },
    Schema.optionalKey
  )
}).pipe(
  Schema.decodeTo(
    Schema.declare((input): input is Quota => isQuota(input), { expected: "a Quota" }),
    SchemaTransformation.transformEffect({
      decode: (json, options) =>
        Effect.catch(
          Effect.try({ try: () => make(json as Definition), catch: (error) => error as QuotaError }),
          (error) => Effect.fail(new SchemaIssue.InvalidValue({ message: error.message }, json, options))
        ),
      encode: (quota) => Effect.succeed(definition(quota) as typeof Json)
    })
  )
)
declare const Json: { readonly kind: Kind }
