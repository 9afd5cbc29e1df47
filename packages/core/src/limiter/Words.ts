/** What of a provider's error may be shown to whoever looks at a limiter. */
import { Predicate } from "effect"

const longest = 300

/** Its message, or its tag; what looks like a key is left out, as providers write the one they were given into their errors. */
export const wordsOf = (refusal: unknown): string => {
  if (refusal === undefined) return "a refusal"
  const message = Predicate.hasProperty(refusal, "message") ? refusal.message : undefined
  const tag = Predicate.hasProperty(refusal, "_tag") ? refusal._tag : undefined
  const words = [message, tag].find((each): each is string => Predicate.isString(each) && each !== "")
  // Whatever a server wrote is cut before it is searched.
  return shortened((words ?? String(refusal)).slice(0, 4 * longest).replaceAll(keyLike, "..."))
}

/** Long runs without a space that hold a digit as well as a letter. */
const keyLike = /(?=[\w+/=-]*\d)(?=[\w+/=-]*[A-Za-z])[\w+/=-]{20,}/g

const shortened = (text: string): string => (text.length <= longest ? text : `${text.slice(0, longest)}...`)
