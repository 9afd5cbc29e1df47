/** What publint, attw and our own list say of the tarballs. Only ES modules are published, so attw's profile is esm-only. */
import { join } from "node:path"
import * as Progress from "./Progress.ts"
import { entriesOf, root } from "./Published.ts"
import type { Report } from "./Report.ts"
import * as Shell from "./Shell.ts"
import { faultsOf, type Tarball, type Workshop } from "./Tarballs.ts"

export const check = async ({ folder, tarballs }: Workshop): Promise<Report> => {
  const verdicts = await Progress.each(await tarballs(), 2, (tarball) =>
    Progress.step(`lint ${tarball.of.manifest.name}`, () => verdictOf(tarball, folder))
  )
  return {
    tables: [
      {
        title: "Tarballs",
        columns: ["package", "kB", "files", "entries", "contents", "publint", "attw (esm-only)"],
        rows: verdicts.map(({ row }) => row)
      }
    ],
    failures: verdicts.flatMap(({ failures }) => failures),
    leftOut: []
  }
}

const verdictOf = async (tarball: Tarball, cwd: string) => {
  const { manifest } = tarball.of
  const entries = entriesOf(tarball.of)
  const subpaths = entries.length === 0 ? ["./package.json"] : entries.map(({ subpath }) => subpath)
  const faults = faultsOf(tarball)
  const publint = await complaintOf("publint", ["run", tarball.path, "--strict"], cwd)
  // attw takes no part in patterns: it is told what they stand for.
  const attw = await complaintOf(
    "attw",
    [
      tarball.path,
      "--profile",
      "esm-only",
      "--no-definitely-typed",
      "--no-color",
      "-f",
      "ascii",
      "--entrypoints",
      ...subpaths
    ],
    cwd
  )
  const mark = (found: ReadonlyArray<string>) => (found.length === 0 ? "clean" : `${found.length} wrong`)
  return {
    failures: [...faults, ...publint, ...attw],
    row: [
      `${manifest.name} ${manifest.version}`,
      (tarball.packedBytes / 1000).toFixed(1),
      String(tarball.files.length),
      String(entries.length),
      mark(faults),
      mark(publint),
      mark(attw)
    ]
  }
}

const complaintOf = async (tool: string, args: ReadonlyArray<string>, cwd: string): Promise<ReadonlyArray<string>> => {
  try {
    await Shell.run(join(root, "node_modules/.bin", tool), args, { cwd })
    return []
  } catch (error) {
    if (error instanceof Shell.ShellError) return [error.message]
    throw error
  }
}
