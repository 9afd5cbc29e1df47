/** Numbers, spans and instants as people read them. */

const units = [
  [86_400_000, "d"],
  [3_600_000, "h"],
  [60_000, "min"],
  [1000, "s"]
] as const

/** A span in its largest whole unit: `1 min`, `90 s`, `250 ms`. */
export const span = (millis: number): string => {
  const unit = units.find(([size]) => millis >= size && millis % size === 0)
  return unit === undefined ? `${number(millis)} ms` : `${number(millis / unit[0])} ${unit[1]}`
}

/** About how long that is: `40 s`, `12 min`, `3 h`. */
export const about = (millis: number): string => {
  const seconds = Math.round(Math.abs(millis) / 1000)
  if (seconds < 100) return `${seconds} s`
  if (seconds < 6000) return `${Math.round(seconds / 60)} min`
  return seconds < 172_800 ? `${Math.round(seconds / 3600)} h` : `${Math.round(seconds / 86_400)} d`
}

/** How long until an instant: `in 0.4 s`, `in 12 s`; `now` when it has come. */
export const until = (at: number, now: number): string => {
  const left = at - now
  if (left <= 0) return "now"
  return left < 10_000 ? `in ${(Math.ceil(left / 100) / 10).toFixed(1)} s` : `in ${about(left)}`
}

const whole = new Intl.NumberFormat(undefined, { maximumFractionDigits: 1 })
export const number = (value: number): string => whole.format(value)

/** `1 call`, `3 calls`. */
export const count = (value: number, one: string, many = `${one}s`): string =>
  `${number(value)} ${value === 1 ? one : many}`

const clock = new Intl.DateTimeFormat(undefined, {
  hour: "2-digit",
  minute: "2-digit",
  second: "2-digit",
  hourCycle: "h23"
})
export const time = (at: number): string => clock.format(at)

/** In full, for whoever points at it. */
export const instant = (at: number): string => new Date(at).toLocaleString()
