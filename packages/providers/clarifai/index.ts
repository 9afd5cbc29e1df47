export * as Clarifai from "./Clarifai.ts"
