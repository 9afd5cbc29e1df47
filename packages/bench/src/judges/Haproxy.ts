/**
 * `http_req_rate` of HAProxy's stick tables: a counter of two windows, the previous one weighted by what is left of it.
 *
 * The first window begins with the first request. The weighted count, with the request itself in it, is rounded down to whole
 * requests before it is compared. What is denied was counted before: a client that goes on asking stays refused.
 */
import type { Source } from "@sluice/core/Quota"
import * as Quota from "@sluice/core/Quota"
import type { Judge } from "./Judge.ts"

const docs: Source = {
  url: "https://github.com/haproxy/haproxy/blob/master/src/freq_ctr.c",
  readOn: "2026-11-25"
}
const limit = 100
const windowMillis = 2000

export const judge: Judge = {
  id: "haproxy",
  title: "HAProxy",
  docs,
  setup:
    "http_req_rate(2s) of a stick table, denied if greater than 100. Told: a sliding counter of 100 in 2 s. A rolling window would not do: in the window after a burst its weight only begins to fall.",
  price:
    "Sluice keeps to the counter at every phase, as it does not know where windows begin: one request of each window and one round trip.",
  quota: Quota.slidingCounter(limit, windowMillis, { name: "requests", source: docs }),
  tellsLimit: false,
  // In parts of a request, so that the rounding is exact: up to 100 and 1999 / 2000 it is 100.
  counts: {
    quota: Quota.slidingCounter((limit + 1) * windowMillis - 1, windowMillis, { name: "requests" }),
    cost: windowMillis,
    start: "firstRequest"
  },
  calls: { full: 300, quick: 160 },
  binary: { name: "haproxy", package: "haproxy" },
  program: ({ folder, port }) => ({
    command: "haproxy",
    args: ["-db", "-f", `${folder}/haproxy.cfg`],
    files: {
      "haproxy.cfg": `global
  maxconn 1000

defaults
  mode http
  timeout client 30s
  timeout connect 5s
  timeout server 30s

frontend calls
  bind 127.0.0.1:${port}
  stick-table type string len 64 size 1k expire 1m store http_req_rate(${windowMillis})
  http-request track-sc0 req.hdr(authorization)
  http-request deny deny_status 429 if { sc_http_req_rate(0) gt ${limit} }
  http-request return status 200 content-type text/plain string done
`
    }
  })
}
