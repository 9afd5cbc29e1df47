/** Provokes each of PrayerLetters' refusals by its test headers, and looks at how your own code takes it. */
import { PrayerLetters } from "@sluice/providers/prayerletters"
import { Console, Data, type Duration, Effect, Option } from "effect"
import { HttpClient, type HttpClientRequest } from "effect/http"
import * as Contacts from "./Contacts.ts"

// #region job
/** Lets code send a test header with every request. The code stays as it is: only its client is another. */
const sending = (header: (request: HttpClientRequest.HttpClientRequest) => HttpClientRequest.HttpClientRequest) =>
  Effect.updateService(PrayerLetters.Client, HttpClient.mapRequest(header))

/** `patience` is how long the code that queues is watched. */
export const run = Effect.fn("IntegrationTest.run")(function* (patience: Duration.Input) {
  // The first is never used up here; the second is by the calls before.
  const within = sending(PrayerLetters.limitTo("hour", 40))
  const beyond = sending(PrayerLetters.limitTo("hour", 1))
  const refused = sending(PrayerLetters.forceRateLimit)
  const queued = Contacts.inBackground.pipe(
    Effect.timeoutOption(patience),
    Effect.map(Option.getOrElse(() => "is waiting for its turn"))
  )

  yield* check("within the limit", Contacts.forPerson.pipe(within), /^You have \d+ contacts\.$/)
  yield* check("refused", Contacts.forPerson.pipe(refused), /try again later/)
  yield* check("after a refusal that was forced", Contacts.forPerson.pipe(within), /^You have \d+ contacts\.$/)
  yield* check("beyond the limit", Contacts.forPerson.pipe(beyond), /try again later/)
  yield* check("beyond the limit, and known", Contacts.forPerson.pipe(beyond), /try again at \d\d:\d\d/)
  yield* check("beyond the limit, in the background", queued.pipe(beyond), /counted$|is waiting/)
})
// #endregion

class Unexpected extends Data.TaggedError("Unexpected")<{ readonly message: string }> {}

const check = Effect.fnUntraced(function* <E, R>(name: string, code: Effect.Effect<string, E, R>, expected: RegExp) {
  const said = yield* code
  yield* Console.log(`${name.padEnd(36)} ${said}`)
  if (!expected.test(said))
    return yield* new Unexpected({ message: `${name}: expected ${expected}, but it said: ${said}` })
})
