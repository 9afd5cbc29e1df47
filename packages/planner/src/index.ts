export * as Eta from "./Eta.ts"
export * as Plan from "./Plan.ts"
export * as Planner from "./Planner.ts"
export * as Progress from "./Progress.ts"
