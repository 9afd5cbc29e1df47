/** `npm run build:page`: what is published is built beforehand. */
import { gzipSync, brotliCompressSync } from "node:zlib"
import { build } from "./Build.ts"

const code = await build()
const kB = (bytes: number) => (bytes / 1000).toFixed(1)
console.log(
  `the page's app: ${kB(code.length)} kB, ${kB(gzipSync(code).length)} gzip, ${kB(brotliCompressSync(code).length)} brotli`
)
