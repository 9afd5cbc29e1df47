/** `npm run packages`: what must hold of the packages before anybody else installs them. */
import process from "node:process"
import { parseArgs } from "node:util"
import * as Api from "./Api.ts"
import * as Chromium from "./Chromium.ts"
import * as Installed from "./Installed.ts"
import * as Lint from "./Lint.ts"
import * as Reference from "./Reference.ts"
import * as Report from "./Report.ts"
import * as Size from "./Size.ts"
import { type Workshop, withWorkshop } from "./Tarballs.ts"
import * as Templates from "./Templates.ts"
import * as Types from "./Types.ts"

type Check = (workshop: Workshop) => Promise<Report.Report>

const checks: Readonly<Record<string, Check>> = {
  tarballs: Lint.check,
  api: Api.check,
  size: Size.check,
  types: Types.check,
  installed: Installed.check,
  chromium: Chromium.check,
  reference: Reference.check,
  templates: Templates.check
}

const help = `npm run packages -- [check...] [--json]

  ${Object.keys(checks).join(", ")}; all of them if none is named.
  --json   the tables, failures and what was left out as one JSON document on standard output

Exits with 0 if everything holds, with 1 if something does not, with 2 for arguments that it does not know.`

const main = async (): Promise<number> => {
  const { positionals, values } = parseArgs({
    allowPositionals: true,
    options: { json: { type: "boolean", default: false }, help: { type: "boolean", short: "h", default: false } }
  })
  const unknown = positionals.filter((name) => !(name in checks))
  if (values.help || unknown.length > 0) {
    console.log(unknown.length > 0 ? `Not a check: ${unknown.join(", ")}\n\n${help}` : help)
    return unknown.length > 0 ? 2 : 0
  }
  const chosen = Object.entries(checks).filter(([name]) => positionals.length === 0 || positionals.includes(name))
  const report = await withWorkshop(async (workshop) => {
    const reports: Array<Report.Report> = []
    for (const [, check] of chosen) reports.push(await check(workshop))
    return Report.merge(reports)
  })
  console.log(values.json ? JSON.stringify(report, null, 2) : Report.textOf(report))
  return report.failures.length === 0 ? 0 : 1
}

process.exitCode = await main()
