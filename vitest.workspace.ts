import { readdirSync } from "node:fs"
import { defineConfig } from "vitest/config"

const folders = ["packages", "examples"].flatMap((parent) =>
  readdirSync(new URL(`./${parent}`, import.meta.url), { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map((entry) => `${parent}/${entry.name}`)
)

export default defineConfig({
  test: {
    reporters: ["default", new URL("./.ci/Summary.ts", import.meta.url).pathname],
    projects: [...folders, "docs"].map((folder) => ({
      root: new URL(`./${folder}`, import.meta.url).pathname,
      // Vitest runs tests through Vite's "ssr" environment, so only its conditions reach the workspace's own sources.
      ssr: { resolve: { conditions: ["@sluice/source", "module", "node", "development|production"] } },
      test: { name: folder.replace("packages/", ""), include: ["**/*.test.ts"], testTimeout: 30_000 }
    }))
  }
})
