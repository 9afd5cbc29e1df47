export * as PrayerLetters from "./PrayerLetters.ts"
