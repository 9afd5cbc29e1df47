/** The process in which one subject is measured; it prints its figures and ends. */
import * as Http from "./Http.ts"
import * as Uncontended from "./Uncontended.ts"
import * as Waiting from "./Waiting.ts"

const [table = "", id = "", size = ""] = process.argv.slice(2)
const isQuick = size === "quick"

const find = <S extends { readonly id: string }>(subjects: ReadonlyArray<S>): S => {
  const found = subjects.find((subject) => subject.id === id)
  if (found === undefined) throw new RangeError(`There is no subject ${id} in ${table}.`)
  return found
}

const measured = {
  uncontended: () => Uncontended.measure(find(Uncontended.subjects), isQuick),
  waiting: () => find(Waiting.subjects).measure(Number(size)),
  http: () => Http.measure(find(Http.subjects), isQuick)
}[table]

console.log(JSON.stringify(await measured?.()))
// Timers of what was measured may still run.
process.exit()
