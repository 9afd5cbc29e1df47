/** What a fleet has done, as text. */
export interface Outcome {
  readonly names: ReadonlyArray<string>
  /** The worker of each order. */
  readonly done: ReadonlyArray<string>
  readonly requests: number
  readonly refusals: number
  readonly millis: number
  readonly bestMillis: number
}

export const of = ({ bestMillis, done, millis, names, refusals, requests }: Outcome): string => {
  const rows = names.map((name) => {
    const count = done.filter((worker) => worker === name).length
    return `${name.padEnd(8)}${String(count).padStart(6)}${percent(count / done.length).padStart(7)}`
  })
  const seconds = (millis / 1000).toFixed(1)
  return [
    `${"worker".padEnd(8)}${"tasks".padStart(6)}${"share".padStart(7)}`,
    ...rows,
    `${requests} calls, ${refusals} refused, ${seconds} s; ${percent(bestMillis / millis)} of the best possible time`
  ].join("\n")
}

const percent = (share: number) => `${Math.round(100 * share)} %`
