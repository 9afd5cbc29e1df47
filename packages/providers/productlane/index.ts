export * as Productlane from "./Productlane.ts"
