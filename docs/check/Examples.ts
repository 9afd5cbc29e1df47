/** Compiles the examples of doc comments, each as a file of its own. */
import { spawnSync } from "node:child_process"
import { mkdirSync, rmSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import type { Problem, Repository } from "./Repository.ts"

export interface Example {
  readonly file: string
  /** Of the line with the fence, from 1. */
  readonly line: number
  readonly code: string
}

/** The fences in doc comments of `packages/*` that are code; tests have none. */
export const examples = (repository: Repository): ReadonlyArray<Example> =>
  repository.files
    .filter((file) => /^packages\/.*\.ts$/.test(file) && !file.endsWith(".test.ts"))
    .flatMap((file) => examplesOf(file, repository.read(file) ?? ""))

export const examplesOf = (file: string, source: string): ReadonlyArray<Example> => {
  const found: Array<Example> = []
  let open: { line: number; code: Array<string> } | undefined
  source.split("\n").forEach((line, index) => {
    const [, text] = /^\s*\* ?(.*)$/.exec(line) ?? []
    if (text === undefined) open = undefined
    else if (open && text.trim() === "```") {
      found.push({ file, line: open.line, code: open.code.join("\n") })
      open = undefined
    } else if (open) open.code.push(text)
    else if (/^```tsx?$/.test(text.trim())) open = { line: index + 1, code: [] }
  })
  return found
}

/** Takes a few seconds: one run of the compiler over all of them. */
export const check = (root: string, all: ReadonlyArray<Example>): ReadonlyArray<Problem> => {
  const folder = join(root, "node_modules/.cache/docs-examples")
  rmSync(folder, { recursive: true, force: true })
  mkdirSync(folder, { recursive: true })
  all.forEach(({ code }, index) => writeFileSync(join(folder, `example${index}.ts`), `${code}\nexport {}\n`))
  const options = {
    composite: false,
    incremental: false,
    noEmit: true,
    declarationMap: false,
    rootDir: root,
    noUnusedLocals: false,
    noUnusedParameters: false
  }
  const files = all.map((_, index) => `./example${index}.ts`)
  const config = { extends: join(root, "tsconfig.base.json"), compilerOptions: options, files, include: [] }
  writeFileSync(join(folder, "tsconfig.json"), JSON.stringify(config))
  const tsc = join(root, "node_modules/typescript/bin/tsc")
  const { status, stdout } = spawnSync(process.execPath, [tsc, "-p", folder, "--pretty", "false"], { encoding: "utf8" })
  const problems: Array<Problem> = []
  for (const [, index = "", line = "", message = ""] of stdout.matchAll(/example(\d+)\.ts\((\d+),\d+\): (.*)/g)) {
    const example = all[Number(index)]
    if (example)
      problems.push({ file: example.file, line: example.line + Number(line), message: `example: ${message}` })
  }
  return status === 0 || problems.length > 0 ? problems : [{ file: "tsconfig.base.json", line: 1, message: stdout }]
}
