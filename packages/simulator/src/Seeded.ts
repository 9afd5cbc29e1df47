/**
 * Small deterministic random numbers: the same seed and labels give the same sequence on every machine.
 *
 * sfc32, which passes the usual statistical batteries and needs four 32-bit integers of state.
 */

export interface Seeded {
  /** A whole number from 0 to 2^32 - 1. */
  readonly nextInt: () => number
  /** A fraction strictly between 0 and 1. */
  readonly nextFraction: () => number
}

/** A sequence of its own for each seed and each list of labels, so that one consumer never shifts another's numbers. */
export const make = (seed: number, ...labels: ReadonlyArray<string>): Seeded => {
  let a = hash(`${seed}`, "a", ...labels)
  let b = hash(`${seed}`, "b", ...labels)
  let c = hash(`${seed}`, "c", ...labels)
  let counter = 1
  const nextInt = () => {
    const sum = (((a + b) | 0) + counter) | 0
    counter = (counter + 1) | 0
    a = b ^ (b >>> 9)
    b = (c + (c << 3)) | 0
    c = (((c << 21) | (c >>> 11)) + sum) | 0
    return sum >>> 0
  }
  for (let round = 0; round < 12; round++) nextInt()
  return { nextInt, nextFraction: () => (nextInt() + 0.5) / 4294967296 }
}

/** FNV-1a over the labels: 32 bits that tell names apart; not a cryptographic hash. */
export const hash = (...labels: ReadonlyArray<string>): number => {
  let value = 0x811c9dc5
  for (const character of labels.join("\u0000")) {
    value = Math.imul(value ^ (character.codePointAt(0) ?? 0), 0x01000193)
  }
  return value >>> 0
}
