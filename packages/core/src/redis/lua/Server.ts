/**
 * Which process runs this: its `run_id`, and by TIME the second in which it was started.
 *
 * A library reads it once for its engine, which is of one process; a script that is evaluated reads it at each call. Where the
 * user may not ask for it, it is not known.
 */
import { luaModule } from "./Prelude.ts"

export const server = luaModule(
  "Server",
  /* lua */ `
local info = redis.pcall("INFO", "server")
if type(info) == "table" then return "" end
local id, uptime = info:match("run_id:(%x+).-uptime_in_seconds:(%d+)")
return id .. " " .. whole(redis.call("TIME")[1] - uptime)
`
)
