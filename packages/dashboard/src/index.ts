export * as Dashboard from "./Dashboard.ts"
