/** Somebody who looks, in a process of its own: reads the stream, and prints what has come of it when it is told to end. */
const [url = ""] = process.argv.slice(2)
const response = await fetch(`${url}/changes`)
let bytes = 0
let events = 0
process.on("SIGTERM", () => {
  console.log(JSON.stringify({ bytes, events }))
  process.exit(0)
})
console.log("connected")
for await (const chunk of response.body ?? []) {
  bytes += chunk.length
  events += new TextDecoder().decode(chunk).split("event: ").length - 1
}
