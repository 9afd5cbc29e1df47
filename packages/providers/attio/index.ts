export * as Attio from "./Attio.ts"
