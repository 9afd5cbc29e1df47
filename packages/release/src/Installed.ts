/** The tarballs in an empty project on each Node: every entry is imported, one request is made, the program is started. */
import { spawn } from "node:child_process"
import { copyFile, writeFile } from "node:fs/promises"
import { join } from "node:path"
import * as Progress from "./Progress.ts"
import { install, type Project } from "./Project.ts"
import { entriesOf, packages, root } from "./Published.ts"
import type { Report } from "./Report.ts"
import * as Shell from "./Shell.ts"
import type { Workshop } from "./Tarballs.ts"

/** The oldest that `engines` admits, and the one that the workspace is developed on. */
const nodes = ["22.18.0", "24.21.0"]

export const check = async (workshop: Workshop): Promise<Report> => {
  const rows = await Progress.each(nodes, 2, (node) => rowOf(node, workshop))
  return {
    tables: [
      {
        title: "Installed into an empty project",
        columns: [
          "node",
          "install",
          "entries imported",
          "closed",
          "a request through Attio.layer",
          "sluice --help",
          "sluice simulate",
          "sluice demo"
        ],
        rows: rows.map(({ row }) => row)
      }
    ],
    failures: rows.flatMap(({ failures }) => failures),
    leftOut: []
  }
}

const rowOf = async (node: string, workshop: Workshop) => {
  const tarballs = await workshop.tarballs()
  const dependencies = {
    ...Object.fromEntries(tarballs.map(({ of, path }) => [of.manifest.name, `file:${path}`])),
    effect: "^4.1.0",
    node
  }
  const project = await Progress.step(`install on node ${node}`, () =>
    install(join(workshop.folder, `node-${node}`), { private: true, type: "module", dependencies }, tarballs)
  )
  const failures: Array<string> = []
  const attempt = async (name: string, work: () => Promise<string>): Promise<string> => {
    try {
      return await Progress.step(`${name} on node ${node}`, work)
    } catch (error) {
      failures.push(`node ${node}, ${name}: ${error instanceof Error ? error.message : String(error)}`)
      return "failed"
    }
  }
  const row = [
    (await project.run("node", ["--version"])).stdout.trim(),
    Progress.seconds(project.installMillis),
    await attempt("import every entry", () => importAll(project)),
    await attempt("import nothing closed", () => importClosed(project)),
    await attempt("one request", () => request(project)),
    await attempt("sluice --help", () => help(project)),
    await attempt("sluice simulate", () => simulate(project)),
    await attempt("sluice demo", () => demo(project))
  ]
  return { row, failures }
}

const names = packages.flatMap((one) => entriesOf(one).map(({ name }) => name))

const importAll = async ({ folder, run }: Project): Promise<string> => {
  const lines = [
    `const names = ${JSON.stringify(names)}`,
    "for (const name of names) {",
    "  const size = Object.keys(await import(name)).length",
    '  if (!import.meta.resolve(name).endsWith(".js")) throw new Error(`${name} is not built`)',
    "  console.log(name, size)",
    "}"
  ]
  await writeFile(join(folder, "entries.mjs"), lines.join("\n"))
  const { stdout } = await run("node", ["entries.mjs"])
  const imported = stdout.trim().split("\n").length
  if (imported !== names.length) throw new Error(`${imported} of ${names.length}`)
  return String(imported)
}

const closed = [
  "@sluice/core/admission/Book",
  "@sluice/core/limiter/Limiter",
  "@sluice/simulator/TokenBucket",
  "@sluice/dashboard/Watch",
  "@sluice/cli/main"
]

const importClosed = async ({ folder, run }: Project): Promise<string> => {
  const lines = closed.map(
    (name) =>
      `await import(${JSON.stringify(name)}).then(() => { throw new Error(${JSON.stringify(`${name} can be imported`)}) }, ` +
      '(error) => { if (error.code !== "ERR_PACKAGE_PATH_NOT_EXPORTED") throw error })'
  )
  await writeFile(join(folder, "closed.mjs"), lines.join("\n"))
  await run("node", ["closed.mjs"])
  return String(closed.length)
}

const request = async ({ folder, run }: Project): Promise<string> => {
  await copyFile(join(root, "packages/release/src/consumer/request.ts"), join(folder, "request.ts"))
  const { stdout } = await run("node", ["request.ts"])
  const said = stdout.trim()
  if (said !== "status 200, refusals 0") throw new Error(`it says ${JSON.stringify(said)}`)
  return said
}

const help = async ({ run }: Project): Promise<string> => {
  const version = packages.find(({ id }) => id === "cli")?.manifest.version ?? ""
  const said = (await run("npx", ["--no-install", "sluice", "--version"])).stdout.trim()
  if (!said.includes(version)) throw new Error(`it is ${version} and says ${said}`)
  const { stdout } = await run("npx", ["--no-install", "sluice", "--help"])
  for (const word of ["simulate", "demo"]) if (!stdout.includes(word)) throw new Error(`no word of ${word}: ${stdout}`)
  return "ok"
}

/** Short, but with its report, which reads files of other packages. */
const demo = async ({ run }: Project): Promise<string> => {
  const options = ["attio", "--calls", "20", "--budget", "2", "--json"]
  const { stdout } = await run("npx", ["--no-install", "sluice", "demo", ...options])
  const { isNeverRefused } = JSON.parse(stdout) as { readonly isNeverRefused: boolean }
  if (!isNeverRefused) throw new Error(stdout)
  return "ok"
}

/** Starts it as a user does, makes one request, and ends it with Ctrl-C's signal. */
const simulate = async ({ folder }: Project): Promise<string> => {
  const bin = join(folder, "node_modules/.bin")
  const child = spawn(join(bin, "sluice"), ["simulate", "attio", "--port", "0", "--json"], {
    cwd: folder,
    env: Shell.environment({ bin }),
    stdio: ["ignore", "pipe", "inherit"]
  })
  const ended = new Promise<number | null>((resolve) => child.on("close", resolve))
  try {
    const url = await urlOf(child.stdout)
    const response = await fetch(`${url}/v2/self`, { headers: { authorization: "Bearer demo" } })
    child.kill("SIGINT")
    const code = await ended
    if (response.status !== 200 || code === null) throw new Error(`status ${response.status}, exit ${code}`)
    return `status ${response.status}`
  } finally {
    child.kill("SIGKILL")
  }
}

const urlOf = (stdout: NodeJS.ReadableStream): Promise<string> =>
  new Promise((resolve, reject) => {
    const late = setTimeout(() => reject(new Error("no address within 30 s")), 30_000)
    let text = ""
    stdout.setEncoding("utf8")
    stdout.on("data", (more: string) => {
      text += more
      if (!text.includes("\n")) return
      clearTimeout(late)
      resolve((JSON.parse(text) as { readonly url: string }).url)
    })
    stdout.on("end", () => reject(new Error(`it ended, saying ${JSON.stringify(text)}`)))
  })
