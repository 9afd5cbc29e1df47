// Hands the workspace to plain `vitest`, which does not look for it by itself.
export { default } from "./vitest.workspace.ts"
