/** Brings the fences of all documents up to date; with `--check` says what is stale instead, and what else is wrong. */
import { writeFileSync } from "node:fs"
import { join } from "node:path"
import * as Examples from "./Examples.ts"
import * as Fences from "./Fences.ts"
import * as Links from "./Links.ts"
import { fromDisk } from "./Repository.ts"

const root = join(import.meta.dirname, "../..")
const repository = fromDisk(root)

if (!process.argv.includes("--check")) {
  for (const [file, text] of Fences.rewrite(repository)) {
    writeFileSync(join(root, file), text)
    console.log(`${file} is up to date`)
  }
}

const examples = Examples.examples(repository)
const current = fromDisk(root)
const problems = [...Fences.check(current), ...Links.check(current), ...Examples.check(root, examples)]
for (const { file, line, message } of problems) console.error(`${file}:${line}: ${message}`)
console.log(`documents: ${problems.length} problems, ${examples.length} examples compiled`)
process.exitCode = problems.length === 0 ? 0 : 1
