/** The API reference, from the doc comments of every entry, as pages in `docs/reference`. A link that leads nowhere fails. */
import { join } from "node:path"
import { Application, LogLevel } from "typedoc"
import ts from "typescript"
import * as Progress from "./Progress.ts"
import { entriesOf, packages, root } from "./Published.ts"
import type { Report } from "./Report.ts"

const folder = "docs/reference"

export const check = async (): Promise<Report> => {
  const readFile = ts.sys.readFile
  ts.sys.readFile = (path, encoding) => {
    const text = readFile(path, encoding)
    return text !== undefined && sources.has(path) ? withModuleTag(text) : text
  }
  const app = await Application.bootstrap({
    name: "Sluice",
    entryPoints: [...sources],
    tsconfig: join(root, "packages/release/tsconfig.reference.json"),
    basePath: join(root, "packages"),
    readme: join(root, "packages/core/README.md"),
    excludePrivate: true,
    // What a class inherits from Effect is in Effect's own reference.
    excludeExternals: true,
    disableSources: true,
    includeVersion: false,
    validation: { invalidLink: true, invalidPath: true, rewrittenLink: true, notExported: false },
    logLevel: LogLevel.Warn
  })
  const said: Array<string> = []
  const log = app.logger.log.bind(app.logger)
  app.logger.log = (message: string, level: LogLevel) => {
    if (level >= LogLevel.Warn) said.push(message)
    log(message, level)
  }
  const project = await Progress.step("read the doc comments", () => app.convert())
  if (project === undefined)
    return { tables: [], failures: ["reference: the sources cannot be read", ...said], leftOut: [] }
  for (const module of project.children ?? []) module.name = module.name.replace(/^(\w+)\/(src\/)?/, "@sluice/$1/")
  app.validate(project)
  await Progress.step(`write ${folder}`, () => app.generateDocs(project, join(root, folder)))
  return {
    tables: [
      {
        title: `API reference: ${folder}/index.html`,
        columns: ["modules", "warnings"],
        rows: [[String(sources.size), String(said.length)]]
      }
    ],
    failures: said.map((message) => `reference: ${message}`),
    leftOut: []
  }
}

/** Our files open with a comment on the module; typedoc wants a tag to believe it, which would say nothing to a reader. */
const withModuleTag = (text: string): string =>
  text.replace(/^(\/\*\*(?:(?!\*\/).)*)(\*\/\n+import )/s, "$1\n * @packageDocumentation\n $2")

/** Modules that only hand on a namespace are left out: the namespace's own module is there. */
const sources: ReadonlySet<string> = new Set(
  packages
    .flatMap((one) => entriesOf(one).map(({ source }) => join(one.folder, source)))
    .filter((path) => !path.endsWith("/index.ts"))
)
