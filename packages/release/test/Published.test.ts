import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { dirname, join } from "node:path"
import { afterEach, assert, describe, it } from "@effect/vitest"
import { entriesOf, type Package } from "@sluice/release/Published"

const folders: Array<string> = []
afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true })
})

const built = (exports: Package["manifest"]["exports"], files: ReadonlyArray<string>): Package => {
  const folder = mkdtempSync(join(tmpdir(), "sluice-published-"))
  folders.push(folder)
  for (const file of files) {
    mkdirSync(dirname(join(folder, file)), { recursive: true })
    writeFileSync(join(folder, file), "")
  }
  return { id: "core", folder, manifest: { name: "@sluice/core", version: "0.0.0", exports } }
}

const target = (path: string) => ({
  "@sluice/source": `./src/${path}.ts`,
  types: `./dist/${path}.d.ts`,
  default: `./dist/${path}.js`
})

describe("entriesOf", () => {
  it("expands a pattern by what is built, at any depth", () => {
    const one = built({ ".": target("index"), "./*": target("*") }, [
      "dist/index.js",
      "dist/Quota.js",
      "dist/a/Book.js"
    ])
    assert.deepStrictEqual(
      entriesOf(one).map(({ name, types }) => [name, types]),
      [
        ["@sluice/core", "dist/index.d.ts"],
        ["@sluice/core/Quota", "dist/Quota.d.ts"],
        ["@sluice/core/a/Book", "dist/a/Book.d.ts"],
        ["@sluice/core/index", "dist/index.d.ts"]
      ]
    )
  })

  it("leaves out what is closed, by name or by folder", () => {
    const one = built({ "./*": target("*"), "./a/*": null, "./index": null }, [
      "dist/index.js",
      "dist/Quota.js",
      "dist/a/Book.js"
    ])
    assert.deepStrictEqual(
      entriesOf(one).map(({ name }) => name),
      ["@sluice/core/Quota"]
    )
  })

  it("gives a name to the pattern that Node gives it to", () => {
    const one = built({ "./*": target("*/index"), "./*/simulation": target("*/simulation") }, [
      "dist/attio/index.js",
      "dist/attio/simulation.js",
      "dist/attio/simulation/index.js"
    ])
    assert.deepStrictEqual(
      entriesOf(one).map(({ name, code }) => [name, code]),
      [
        ["@sluice/core/attio", "dist/attio/index.js"],
        ["@sluice/core/attio/simulation", "dist/attio/simulation.js"]
      ]
    )
  })
})
