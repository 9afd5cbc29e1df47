import type { Row } from "@sluice/bench/Bench"
import * as Measurement from "@sluice/bench/Measurement"
import type { Report } from "@sluice/bench/Report"

const runOf = (shares: { readonly share: number; readonly refusals: number }): Measurement.Measurement => ({
  ...shares,
  refusedShare: shares.refusals / (100 + shares.refusals),
  requests: 100 + shares.refusals,
  wasted: shares.refusals,
  millis: 1000 / shares.share,
  waitMedianMillis: 400,
  wait95Millis: 900,
  processorMillis: 80,
  done: 100,
  calls: 100,
  bestMillis: 1000,
  failures: [],
  doneAfterMillis: [10, 1000 / shares.share],
  bestAfterMillis: [10, 1000]
})

export const rowOf = (
  peer: Row["peer"],
  runs: ReadonlyArray<{ readonly share: number; readonly refusals: number }>
): Row => {
  const measured = runs.map(runOf)
  return {
    peer,
    policy: { id: "clarifai", title: "Clarifai", calls: 100, speed: 1, price: "It takes its time." },
    network: "uniform",
    runs: measured,
    summary: Measurement.summary(measured)
  }
}

export const sluice = rowOf({ id: "sluice", title: "Sluice", setup: "its defaults" }, [
  { share: 0.9, refusals: 0 },
  { share: 0.94, refusals: 0 },
  { share: 0.92, refusals: 0 }
])

export const hasty = rowOf({ id: "hasty", title: "<hasty>", setup: "none" }, [
  { share: 0.96, refusals: 25 },
  { share: 0.97, refusals: 0 },
  { share: 0.98, refusals: 25 }
])

export const reportOf = (rows: ReadonlyArray<Row>): Report => ({
  machine: {
    date: "2026-11-22",
    system: "Linux",
    processor: "2 x a processor, 4 GiB",
    node: "v24.0.0",
    load: 0.5,
    versions: { sluice: "0.1.0" }
  },
  repeats: 3,
  isQuick: false,
  rows
})
