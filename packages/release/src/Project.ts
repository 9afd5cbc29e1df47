/** A project as somebody else has it: a folder far from this workspace, where the packages come from tarballs. */
import { mkdir, writeFile } from "node:fs/promises"
import { join } from "node:path"
import * as Shell from "./Shell.ts"
import type { Tarball } from "./Tarballs.ts"

export interface Project {
  readonly folder: string
  readonly installMillis: number
  readonly run: (command: string, args: ReadonlyArray<string>, timeoutMillis?: number) => Promise<Shell.Ended>
}

/** Only what is published is taken from the tarballs, at any depth; everything else from the registry. */
export const install = async (
  folder: string,
  manifest: Readonly<Record<string, unknown>>,
  tarballs: ReadonlyArray<Tarball>
): Promise<Project> => {
  await mkdir(folder, { recursive: true })
  const overrides = Object.fromEntries(tarballs.map(({ of, path }) => [of.manifest.name, `file:${path}`]))
  const written = { ...manifest, overrides, allowScripts: { node: true } }
  await writeFile(join(folder, "package.json"), JSON.stringify(written, null, 2))
  const args = ["install", "--prefer-offline", "--no-audit", "--no-fund", "--no-save", "--loglevel=error"]
  const { millis } = await Shell.run("npm", args, { cwd: folder, timeoutMillis: 300_000 })
  const bin = join(folder, "node_modules/.bin")
  return {
    folder,
    installMillis: millis,
    run: (command, args, timeoutMillis = 120_000) => Shell.run(command, args, { cwd: folder, bin, timeoutMillis })
  }
}
