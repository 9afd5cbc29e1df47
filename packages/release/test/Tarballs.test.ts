import { assert, describe, it } from "@effect/vitest"
import { packages } from "@sluice/release/Published"
import { faultsOf } from "@sluice/release/Tarballs"

const core = packages.find(({ id }) => id === "core")
const whole = [
  "LICENSE",
  "README.md",
  "package.json",
  "src/Quota.ts",
  "dist/Quota.js",
  "dist/Quota.js.map",
  "dist/Quota.d.ts",
  "dist/Quota.d.ts.map"
]

const faults = (files: ReadonlyArray<string>) => {
  assert.isDefined(core)
  return faultsOf({ of: core, path: "core.tgz", packedBytes: 0, files })
}

describe("faultsOf", () => {
  it("finds nothing in a tarball that is whole", () => {
    assert.deepStrictEqual(faults(whole), [])
  })

  it.each(whole.filter((file) => file !== "dist/Quota.js"))("misses %s", (file) => {
    const found = faults(whole.filter((other) => other !== file))
    assert.strictEqual(found.length, 1)
    assert.include(found[0], file)
  })

  it.each(["test/Quota.test.ts", "src/Quota.test.ts", "attio/fixtures/429.http", "dist/tsconfig.tsbuildinfo"])(
    "has no place for %s",
    (file) => {
      assert.deepStrictEqual(faults([...whole, file]), [`@sluice/core: ${file} is nothing to publish`])
    }
  )

  it("tells of output whose source is gone", () => {
    const gone = ["src/Gone.ts", "dist/Gone.js", "dist/Gone.js.map", "dist/Gone.d.ts", "dist/Gone.d.ts.map"]
    assert.deepStrictEqual(faults([...whole, ...gone]), [
      "@sluice/core: dist/Gone.js was built from a source that is gone: remove dist and build again"
    ])
  })
})
