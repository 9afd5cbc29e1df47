/**
 * `limit_req` of nginx: a bucket of thousandths of a request. `burst` is what it holds beside the request that is served.
 *
 * It keeps its rate in whole thousandths of a request a second, rounded down, and takes whole thousandths off at each request,
 * rounded down again: what is left over is forgotten. With a rate of whole requests a second nothing is; other rates are
 * slower than they say, by up to a thousandth of a request a second and by up to 0.1 %. Refused requests are not counted.
 */
import type { Source } from "@sluice/core/Quota"
import * as Quota from "@sluice/core/Quota"
import type { Judge, Place, Program } from "./Judge.ts"

const docs: Source = {
  url: "https://github.com/nginx/nginx/blob/release-1.22.1/src/http/modules/ngx_http_limit_req_module.c",
  readOn: "2026-11-25"
}
const binary = { name: "nginx", package: "nginx-light" }
const price = "Sluice sees what the bucket gets back only from the answer on, which costs one way once."

export const bySecond: Judge = {
  id: "nginx",
  title: "nginx 50r/s",
  docs,
  setup:
    "limit_req rate=50r/s burst=99 nodelay, which refuses with 503 unless told otherwise. Told: a bucket of 100, which is the burst and the request that is served, and which gets back 50 a second.",
  price,
  quota: Quota.tokenBucket({ capacity: 100, refill: 50, every: "1 second" }, { name: "requests", source: docs }),
  tellsLimit: false,
  calls: { full: 400, quick: 200 },
  binary,
  program: (place) => program(place, { rate: "50r/s", burst: 99 })
}

export const byMinute: Judge = {
  id: "nginx-minute",
  title: "nginx 2000r/m",
  docs,
  setup:
    "limit_req rate=2000r/m burst=99 nodelay. Told: a bucket of 100, which gets back 2000 a minute, with rateMargin 0.003: a thousandth for the clocks, as always; one that nginx forgets at each request; and of 2000 a minute it keeps 33.333 a second.",
  price,
  quota: Quota.tokenBucket(
    { capacity: 100, refill: 2000, every: "1 minute" },
    { name: "requests", source: docs, rateMargin: 0.003 }
  ),
  tellsLimit: false,
  // What it forgets at each request is left out, which makes the best time up to 0.1 % better than anybody could do.
  counts: { quota: Quota.tokenBucket({ capacity: 100, refill: 33_333, every: "1000 seconds" }, { name: "requests" }) },
  calls: { full: 300, quick: 170 },
  binary,
  program: (place) => program(place, { rate: "2000r/m", burst: 99, status: 429 })
}

interface Limit {
  readonly rate: string
  readonly burst: number
  /** Default 503. */
  readonly status?: number
}

export const program = ({ folder, port }: Place, { burst, rate, status = 503 }: Limit): Program => ({
  command: binary.name,
  args: ["-e", "stderr", "-p", folder, "-c", "nginx.conf"],
  files: {
    "nginx.conf": `daemon off;
worker_processes 1;
pid nginx.pid;
# Refusals are errors to it, and are counted elsewhere.
error_log stderr crit;
events { worker_connections 1024; }
http {
  access_log off;
  client_body_temp_path body;
  proxy_temp_path proxy;
  fastcgi_temp_path fastcgi;
  uwsgi_temp_path uwsgi;
  scgi_temp_path scgi;
  limit_req_zone $http_authorization zone=calls:1m rate=${rate};
  limit_req_status ${status};
  server {
    listen 127.0.0.1:${port};
    location / {
      limit_req zone=calls burst=${burst} nodelay;
      # Not "return", which answers before anything is limited.
      empty_gif;
    }
  }
}
`
  }
})
