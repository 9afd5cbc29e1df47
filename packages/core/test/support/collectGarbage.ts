import { setFlagsFromString } from "node:v8"
import { runInNewContext } from "node:vm"

setFlagsFromString("--expose-gc")

/** Takes back at once what nothing refers to any more. */
export const collectGarbage: () => void = runInNewContext("gc")
