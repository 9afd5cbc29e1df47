/** Makes the app: one script and one style, both minified, with Solid and uPlot in them. */
import { createHash } from "node:crypto"
import { globSync } from "node:fs"
import { mkdir, readFile, rename, writeFile } from "node:fs/promises"
import { dirname, join } from "node:path"

const folder = join(import.meta.dirname, "../..")

/** Where what was built is kept. */
export const built = join(folder, "built/App.js")

/** What the app is made of, as one hash: what was built of the same need not be built again. */
export const sourceHash = async (): Promise<string> => {
  const files = ["package.json", ...globSync(["app/**/*.{ts,tsx,css}", "src/**/*.ts"], { cwd: folder })].toSorted()
  const hash = createHash("sha256")
  for (const file of files) hash.update(file).update(await readFile(join(folder, file)))
  return hash.digest("hex")
}

/** Builds it, unless what is there is of the same sources. Gives the text of a module with `script` and `style`. */
export const build = async (): Promise<string> => {
  const head = `// Of ${await sourceHash()}\n`
  const known = await readFile(built, "utf8").catch(() => "")
  if (known.startsWith(head)) return known
  const { script, style } = await bundle()
  const code = `${head}export const script = ${JSON.stringify(script)}\nexport const style = ${JSON.stringify(style)}\n`
  // Several may build at once, and nobody is to read half a file.
  const own = `${built}.${process.pid}.${Date.now()}`
  await mkdir(dirname(built), { recursive: true })
  await writeFile(own, code)
  await rename(own, built)
  return code
}

const bundle = async (): Promise<{ readonly script: string; readonly style: string }> => {
  const [{ build }, { default: solid }] = await Promise.all([import("vite"), import("vite-plugin-solid")])
  const made = await build({
    root: join(folder, "app"),
    configFile: false,
    logLevel: "error",
    mode: "production",
    define: { "process.env.NODE_ENV": '"production"' },
    plugins: [solid()],
    build: {
      write: false,
      target: "es2022",
      // Older ones would be given `light-dark()` by the system's scheme alone, which somebody may have chosen otherwise.
      cssTarget: ["chrome125", "firefox128", "safari17.5"],
      cssCodeSplit: false,
      modulePreload: false,
      lib: {
        entry: join(folder, "app/main.tsx"),
        formats: ["iife"],
        name: "sluice",
        fileName: "app",
        cssFileName: "app"
      }
    }
  })
  const outputs = (Array.isArray(made) ? made : [made]).flatMap((one) => ("output" in one ? one.output : []))
  const script = outputs.find((one) => one.type === "chunk")
  const style = outputs.find((one) => one.type === "asset" && one.fileName.endsWith(".css"))
  if (script?.type !== "chunk" || style?.type !== "asset")
    throw new Error("the app was built without a script or a style")
  return { script: script.code.trim(), style: String(style.source).trim() }
}
