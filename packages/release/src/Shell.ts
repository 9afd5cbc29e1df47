/** Other programs, in an environment that knows nothing of this workspace. */
import { spawn } from "node:child_process"
import { delimiter, dirname, sep } from "node:path"
import process from "node:process"

export class ShellError extends Error {
  override readonly name = "ShellError"
  readonly output: string
  constructor(command: string, ended: string, output: string) {
    super(`${command}: ${ended}\n${lastLines(output, 40)}`)
    this.output = output
  }
}

export interface Options {
  readonly cwd: string
  /** A folder whose programs come before all others, such as a project's `node_modules/.bin`. */
  readonly bin?: string
  readonly env?: Readonly<Record<string, string>>
  /** Default 120 s. */
  readonly timeoutMillis?: number
}

export interface Ended {
  readonly stdout: string
  readonly millis: number
}

/** Fails with the end of its output if it does not end by itself and well. */
export const run = (command: string, args: ReadonlyArray<string>, options: Options): Promise<Ended> =>
  new Promise((resolve, reject) => {
    const start = performance.now()
    const timeout = options.timeoutMillis ?? 120_000
    const child = spawn(command, args, { cwd: options.cwd, env: environment(options), timeout, stdio: "pipe" })
    child.stdin.end()
    const stdout: Array<string> = []
    const all: Array<string> = []
    child.stdout.setEncoding("utf8").on("data", (text: string) => (stdout.push(text), all.push(text)))
    child.stderr.setEncoding("utf8").on("data", (text: string) => all.push(text))
    child.on("error", reject)
    child.on("close", (code, signal) => {
      const millis = performance.now() - start
      if (code === 0) return resolve({ stdout: stdout.join(""), millis })
      const ended = signal === null ? `ended with ${code}` : `was stopped by ${signal} after ${Math.round(millis)} ms`
      reject(new ShellError([command, ...args].join(" "), ended, all.join("")))
    })
  })

/** This process's own, less what npm and the workspace put there: a project elsewhere must stand on its own. */
export const environment = ({ bin, env }: Pick<Options, "bin" | "env">): Record<string, string> => {
  const kept = Object.entries(process.env).filter(([name]) => !/^npm_|^INIT_CWD$|^NODE_OPTIONS$/i.test(name))
  const path = (process.env["PATH"] ?? "")
    .split(delimiter)
    .filter((folder) => !folder.includes(`node_modules${sep}.bin`))
  const first = [...(bin === undefined ? [] : [bin]), dirname(process.execPath)]
  return {
    ...Object.fromEntries(kept.map(([name, value]) => [name, value ?? ""])),
    PATH: [...first, ...path].join(delimiter),
    ...env
  }
}

const lastLines = (text: string, count: number) => text.trimEnd().split("\n").slice(-count).join("\n")
