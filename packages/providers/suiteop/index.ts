export * as SuiteOp from "./SuiteOp.ts"
