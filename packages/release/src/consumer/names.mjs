/** Writes `uses.ts`, which takes every value of the entries given, and `passes.ts`, which passes each on without importing its module. */
import { writeFileSync } from "node:fs"

const entries = process.argv.slice(2)
const uses = entries.map((entry, i) => `import * as e${i} from ${JSON.stringify(entry)}`)
const passes = ['import * as uses from "./uses.ts"']

const take = (module, path) => {
  for (const [key, value] of Object.entries(module)) {
    const at = `${path}.${key}`
    if (value?.[Symbol.toStringTag] === "Module") take(value, at)
    else {
      const name = at.replaceAll(".", "_")
      uses.push(`export const ${name} = ${at}`)
      passes.push(`export const ${name} = uses.${name}`)
    }
  }
}

for (const [i, entry] of entries.entries()) take(await import(entry), `e${i}`)
writeFileSync("uses.ts", uses.join("\n"))
writeFileSync("passes.ts", passes.join("\n"))
console.log(passes.length - 1)
