/** A SuiteOp on 127.0.0.1, with SuiteOp's limits, for all workers; and the best time that anybody could need there. */
import { simulation } from "@sluice/providers/suiteop/simulation"
import { BestTime, Scenario, Simulator } from "@sluice/simulator"

const scenario = { latency: { before: "20 millis", after: "20 millis" } } as const
export const apiKey = "simulated"

export const serve = Simulator.serve(simulation, scenario)

/** For so many calls, in milliseconds: the shortest that the limits allow, whoever makes them. */
export const bestMillis = (calls: number): number => {
  const call = {
    method: "POST",
    path: "/api/v1/tasks",
    query: new URLSearchParams(),
    headers: { authorization: `Bearer ${apiKey}` },
    body: ""
  }
  const requests = Array.from({ length: calls }, () => call)
  return BestTime.make({ simulation, scenario: Scenario.make(scenario), requests, startMillis: 0 }).millis
}
