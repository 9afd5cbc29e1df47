import { assert, describe, it } from "vitest"
import * as Examples from "./Examples.ts"
import * as Fences from "./Fences.ts"
import * as Links from "./Links.ts"
import { fromRecord } from "./Repository.ts"

const source = [
  "import { a } from './a.ts'",
  "// #region start",
  "const a = 1",
  "// #region inner",
  "const b = 2",
  "// #endregion",
  "// #endregion",
  "if (true) {",
  "  // #region start",
  "  run(a)",
  "  // #endregion",
  "}"
].join("\n")

const repository = (document: string, files: Readonly<Record<string, string>> = {}) =>
  fromRecord({
    "docs/page.md": document,
    "docs/snippets/a.ts": source,
    "docs/snippets/a.test.ts": 'import { a } from "./a.ts"',
    "docs/snippets/out/a.txt": "3 calls\n",
    "package.json": '{ "scripts": { "check:docs": "" } }',
    ...files
  })

const fence = (info: string, body: string) => `\`\`\`${info}\n${body}\n\`\`\``
const shown = "const a = 1\nconst b = 2\nrun(a)"
const region = "ts region=docs/snippets/a.ts#start"
const messages = (document: string, files?: Readonly<Record<string, string>>) =>
  Fences.check(repository(document, files)).map(({ file, line, message }) => `${file}:${line}: ${message}`)

describe("Fences", () => {
  it("takes a region's parts together, without their own depth and the marks inside", () => {
    assert.deepStrictEqual(messages(fence(region, shown)), [])
    assert.deepStrictEqual(messages(fence("ts region=docs/snippets/a.ts#inner", "const b = 2")), [])
  })

  it("finds a fence that drifted, and says where and how", () => {
    assert.deepStrictEqual(messages(`# A page\n\n${fence(region, shown.replace("b = 2", "b = 3"))}`), [
      [
        "docs/page.md:3: differs from region docs/snippets/a.ts#start: npm run docs",
        "    - const b = 3",
        "    + const b = 2"
      ].join("\n")
    ])
  })

  it("finds output that drifted", () => {
    assert.deepStrictEqual(messages(fence("text output=docs/snippets/out/a.txt", "3 calls")), [])
    assert.lengthOf(messages(fence("text output=docs/snippets/out/a.txt", "4 calls")), 1)
    assert.lengthOf(messages(fence("text output=docs/snippets/out/b.txt", "4 calls")), 1)
  })

  it("finds a region or a file that is not there, and marks that do not match", () => {
    assert.deepStrictEqual(messages(fence("ts region=docs/snippets/a.ts#other", "")), [
      "docs/page.md:1: docs/snippets/a.ts: there is no region other"
    ])
    assert.deepStrictEqual(messages(fence("ts region=docs/snippets/b.ts#start", "")), [
      "docs/page.md:1: there is no file docs/snippets/b.ts"
    ])
    const open = { "docs/snippets/a.ts": "// #region start\nconst a = 1" }
    assert.deepStrictEqual(messages(fence(region, "const a = 1"), open), [
      "docs/page.md:1: docs/snippets/a.ts: region start has no #endregion"
    ])
  })

  it("finds code that no region stands behind, and lets foreign code and other languages be", () => {
    for (const language of ["ts", "tsx", "js"]) assert.lengthOf(messages(fence(language, "a()")), 1)
    assert.deepStrictEqual(
      messages([fence("js foreign", "a()"), fence("http", "GET /"), fence("", "x")].join("\n\n")),
      []
    )
    assert.lengthOf(messages(fence("ts whatever", "a()")), 1)
    assert.lengthOf(messages(fence("text foreign", "a")), 1)
  })

  it("finds a region of a file that no test imports", () => {
    const untested = { "docs/snippets/a.test.ts": "" }
    assert.deepStrictEqual(messages(fence(region, shown), untested), [
      "docs/page.md:1: no test imports docs/snippets/a.ts"
    ])
    const through = {
      "docs/snippets/a.test.ts": 'import { x } from "@own/b/x"',
      "packages/b/package.json": '{ "name": "@own/b", "exports": { "./*": { "@sluice/source": "./src/*.ts" } } }',
      "packages/b/src/x.ts": 'export * from "../../../docs/snippets/a.ts"'
    }
    assert.deepStrictEqual(messages(fence(region, shown), through), [])
  })

  it("ties the code of published READMEs without a word in them, and knows no other reports", () => {
    const files = {
      "docs/snippets/packages/core.ts": "// #region example\nconst a = 1\n// #endregion",
      "docs/snippets/a.test.ts": 'import "./packages/core.ts"',
      "etc/api/core.api.md": fence("ts", "const b = 1")
    }
    const readme = (...bodies: ReadonlyArray<string>) => ({
      ...files,
      "packages/core/README.md": bodies.map((body) => fence("ts", body)).join("\n\n")
    })
    assert.deepStrictEqual(messages("", readme("const a = 1")), [])
    assert.lengthOf(messages("", readme("const a = 2")), 1)
    assert.deepStrictEqual(messages("", readme("const a = 1", "const a = 1")), [
      "packages/core/README.md:5: code names the region that it shows: region=file#name"
    ])
  })

  it("brings every fence up to date, and nothing else", () => {
    const page = (body: string) =>
      `Before\n\n${fence(region, body)}\n\n- item\n\n  ${fence("text", "x").replaceAll("\n", "\n  ")}\n`
    for (const stale of ["", "const a = 0", "a\nb\nc\nd\ne"]) {
      const changed = Fences.rewrite(repository(page(stale)))
      assert.deepStrictEqual([...changed], [["docs/page.md", page(shown)]])
    }
    assert.strictEqual(Fences.rewrite(repository(page(shown))).size, 0)
  })
})

describe("Links", () => {
  const wrong = (document: string) =>
    Links.check(
      repository(document, { "docs/other.md": "# The `one` thing\n\n## The one thing\n", "README.md": "" })
    ).map(({ message }) => message)

  it("finds links that lead nowhere, and anchors without a heading", () => {
    assert.deepStrictEqual(
      wrong(
        "[a](other.md) [b](./snippets/a.ts#L2) [c](../README.md) [d](snippets) [e](https://x.test/y)\n\n[f]: other.md"
      ),
      []
    )
    assert.deepStrictEqual(wrong("[a](other.md#the-one-thing) [b](other.md#the-one-thing-1) [c](#here)\n\n# Here"), [])
    assert.deepStrictEqual(wrong("[a](missing.md)"), ["the link missing.md leads to nothing"])
    assert.deepStrictEqual(wrong("[a]: missing.md"), ["the link missing.md leads to nothing"])
    assert.deepStrictEqual(wrong("[a](other.md#two)"), [
      "the link other.md#two leads to docs/other.md, which has no two"
    ])
    assert.lengthOf(wrong("[a](snippets/a.ts#L99)"), 1)
  })

  it("takes what stands in code for no link, and code for the text of one", () => {
    assert.deepStrictEqual(wrong(`\`[a](missing.md)\`\n\n${fence("text", "[a](missing.md)")}`), [])
    assert.lengthOf(wrong("[`a`](missing.md)"), 1)
  })

  it("finds commands that do not exist", () => {
    assert.deepStrictEqual(wrong("`npm run check:docs`"), [])
    assert.deepStrictEqual(wrong(fence("sh", "npm run nothing")), ["there is no script nothing in package.json"])
  })
})

describe("Examples", () => {
  it("takes the fences of doc comments, each with its place", () => {
    const text = [
      "/**",
      " * A thing.",
      " *",
      " * ```ts",
      " * const a = 1",
      " * ```",
      " */",
      "const b = `",
      "```ts`"
    ].join("\n")
    assert.deepStrictEqual(Examples.examplesOf("a.ts", text), [{ file: "a.ts", line: 4, code: "const a = 1" }])
  })
})
