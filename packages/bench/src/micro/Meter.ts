/** Measures what work takes of the processor and of the heap. Other programs on the machine do not count. */
import * as v8 from "node:v8"
import { runInNewContext } from "node:vm"

v8.setFlagsFromString("--expose-gc")

/** Collects whatever nobody refers to. */
export const collect: () => void = runInNewContext("gc")

/** Nanoseconds of the processor. */
export const nanos = async (work: () => unknown): Promise<number> => {
  const before = process.cpuUsage()
  await work()
  const { system, user } = process.cpuUsage(before)
  return (user + system) * 1000
}

/** Bytes that the heap grows by, if nothing is collected meanwhile. */
export const bytes = async (work: () => unknown): Promise<number> => {
  collect()
  const before = process.memoryUsage().heapUsed
  await work()
  return Math.max(0, process.memoryUsage().heapUsed - before)
}

/** Gives way until what is due now is done. */
export const settle = async (): Promise<void> => {
  for (let turn = 0; turn < 3; turn++) await new Promise((resolve) => setImmediate(resolve))
}
