/** p-throttle 8: https://github.com/sindresorhus/p-throttle#strict */
import pThrottle from "p-throttle"
import * as Promises from "./Promises.ts"

export const strict = Promises.peer({
  id: "p-throttle",
  title: "p-throttle strict",
  setup: "strict: true, limit and interval as published; functions throttled twice where there are two windows",
  schedule: (limits) =>
    Promises.nested(
      limits.map(({ limit, machineMillis }) => {
        const throttle = pThrottle({ limit, interval: Math.ceil(machineMillis), strict: true })
        const throttled = throttle((task: () => Promise<unknown>) => task())
        // It gives back what the task gave.
        return <A>(task: () => Promise<A>) => throttled(task) as Promise<A>
      })
    )
})
