/**
 * What the packages weigh in a browser beyond Effect: minified, with `effect` left out of the bundle, so that only our own
 * code and what it brings along are counted. What a page carries in all, Effect included, is told beside it.
 */
import { constants, brotliCompressSync, gzipSync } from "node:zlib"
import { rolldown } from "rolldown"
import * as Progress from "./Progress.ts"
import { root } from "./Published.ts"
import type { Report } from "./Report.ts"

/** As a browser is sent it: by brotli, which every browser takes that runs this code; what gzip makes of it is told beside it. */
const budgetBytes = 25_000

const entries: ReadonlyArray<{ readonly name: string; readonly code: string }> = [
  { name: "@sluice/core, all of it", code: 'export * from "@sluice/core"' },
  {
    name: "RateLimiter, Quota, Claim",
    code: ["RateLimiter", "Quota", "Claim"].map((name) => `export * as ${name} from "@sluice/core/${name}"`).join("\n")
  },
  ...["Attio", "Productlane", "Clarifai", "PrayerLetters", "SuiteOp"].map((name) => ({
    name: `RateLimiter, ${name}`,
    code: [
      `export { ${name} } from "@sluice/providers/${name.toLowerCase()}"`,
      'export * as RateLimiter from "@sluice/core/RateLimiter"'
    ].join("\n")
  }))
]

export const check = async (): Promise<Report> => {
  const measured = await Progress.each(entries, 1, ({ code, name }) =>
    Progress.step(`size of ${name}`, async () => ({
      name,
      own: weightOf(await bundle(code, { isEffectOut: true })),
      all: weightOf(await bundle(code, { isEffectOut: false }))
    }))
  )
  return {
    tables: [
      {
        title: `Size in a browser, in kB beyond Effect (budget: ${kB(budgetBytes)} brotli)`,
        columns: ["bundle", "minified", "gzip", "brotli", "of the budget", "with Effect, gzip", "brotli"],
        rows: measured.map(({ all, name, own }) => [
          name,
          kB(own.minified),
          kB(own.gzip),
          kB(own.brotli),
          `${Math.round((own.brotli / budgetBytes) * 100)} %`,
          kB(all.gzip),
          kB(all.brotli)
        ])
      }
    ],
    failures: measured
      .filter(({ own }) => own.brotli > budgetBytes)
      .map(
        ({ name, own }) =>
          `${name} weighs ${kB(own.brotli)} kB (brotli) beyond Effect; the budget is ${kB(budgetBytes)} kB`
      ),
    leftOut: []
  }
}

/** A minified module for browsers, from the built packages as others resolve them. */
export const bundle = async (code: string, { isEffectOut }: { readonly isEffectOut: boolean }): Promise<string> => {
  const entry = "virtual:entry"
  const bundler = await rolldown({
    input: entry,
    cwd: root,
    platform: "browser",
    ...(isEffectOut && { external: /^effect($|\/)/ }),
    plugins: [
      {
        name: "entry",
        // Resolved from this package, which has all of ours among its dependencies.
        resolveId(id, importer) {
          return id === entry ? id : importer === entry ? this.resolve(id, import.meta.filename) : null
        },
        load: (id) => (id === entry ? code : null)
      }
    ]
  })
  const { output } = await bundler.generate({ format: "es", minify: true, codeSplitting: false })
  await bundler.close()
  return output[0].code
}

const weightOf = (code: string) => ({
  minified: Buffer.byteLength(code),
  gzip: gzipSync(code, { level: 9 }).length,
  brotli: brotliCompressSync(code, { params: { [constants.BROTLI_PARAM_QUALITY]: 11 } }).length
})

const kB = (bytes: number) => (bytes / 1000).toFixed(1)
