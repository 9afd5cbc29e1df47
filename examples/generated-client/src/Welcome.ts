/** What is done with the client: a note for everybody, and an answer to whoever asks for nobody. */
import { Console, Effect } from "effect"
import { AttioClient } from "./AttioApi.ts"

// #region program
/** Leaves a note on so many people, all of them asked for at once: Attio's 25 writes a second are kept to below. */
export const welcome = Effect.fn("welcome")(function* (count: number) {
  const attio = yield* AttioClient
  const { data: people } = yield* attio.people.query({ payload: { limit: count } })
  yield* Effect.forEach(
    people,
    ({ id, values }) =>
      attio.notes.create({
        payload: {
          data: {
            parent_object: "people",
            parent_record_id: id.record_id,
            title: "Welcome",
            format: "plaintext",
            content: `Hello ${values.name[0].full_name}`
          }
        }
      }),
    { concurrency: "unbounded" }
  )
  yield* Console.log(`${people.length} notes left`)
  return people
})

/** Every way in which the call can fail has a tag. */
export const nameOf = (id: string) =>
  AttioClient.use((attio) => attio.people.get({ params: { id } })).pipe(
    Effect.map(({ data }) => data.values.name[0].full_name),
    Effect.catchTags({
      RecordNotFound: ({ message }) => Effect.succeed(`nobody: ${message}`),
      AttioRateLimited: ({ message }) => Effect.succeed(`refused by Attio: ${message}`),
      AdmissionError: ({ message }) => Effect.succeed(`not sent: ${message}`)
    })
  )
// #endregion
