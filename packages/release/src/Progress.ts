/** A line for each step, on standard error: standard output is for what comes of it. */
import process from "node:process"

const began = performance.now()

/** Runs one step and says how long it took; what it throws is said as well, and thrown on. */
export const step = async <A>(name: string, work: () => Promise<A>): Promise<A> => {
  const start = performance.now()
  try {
    const result = await work()
    say(`ok      ${name}`, start)
    return result
  } catch (error) {
    say(`failed  ${name}`, start)
    throw error
  }
}

/** Over many things, at most `width` at a time, in the order given. */
export const each = async <A, B>(
  items: ReadonlyArray<A>,
  width: number,
  work: (item: A) => Promise<B>
): Promise<ReadonlyArray<B>> => {
  const results: Array<B> = []
  const waiting = [...items.entries()]
  const worker = async () => {
    for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
      results[next[0]] = await work(next[1])
    }
  }
  await Promise.all(Array.from({ length: width }, worker))
  return results
}

export const seconds = (millis: number): string => `${(millis / 1000).toFixed(1)} s`

const say = (text: string, start: number) => {
  const now = performance.now()
  process.stderr.write(`${seconds(now - began).padStart(8)}  ${text} (${seconds(now - start)})\n`)
}
