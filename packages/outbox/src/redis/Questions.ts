/** The operations of a store in Redis that only look. */
import { Redis } from "effect/persistence"
import { records } from "./Records.ts"
import type { Flat } from "./Scripts.ts"

const script = <Result>(lua: string) =>
  Redis.script((base: string, ...args: ReadonlyArray<string | number>) => [base, "0", ...args], {
    numberOfKeys: 1,
    lua: records + lua
  }).withReturnType<Result>()

/** Tickets by their ids; those that there are. */
export const get = script<ReadonlyArray<Flat>>(/* lua */ `
local t = load(ARGV[2])
return t and { flat(t) } or {}
`)

/** So many tickets are looked at in one step. */
export const page = 500

/**
 * Up to a number of tickets after a place, in some states or in all, of a provider and a subject or of all; and the place
 * that was looked at last, if there may be more after it.
 */
export const find = script<readonly [ReadonlyArray<Flat>, string | null]>(/* lua */ `
local after, limit, provider, about = ARGV[2], tonumber(ARGV[3]), ARGV[4], ARGV[5]
local keys = {}
for i = 6, #ARGV do keys[#keys + 1] = ARGV[i] end
local seen, isFull = {}, false
for _, key in ipairs(keys) do
  local row = call("ZRANGEBYSCORE", key, "(" .. after, "+inf", "WITHSCORES", "LIMIT", 0, ${page})
  isFull = isFull or #row == 2 * ${page}
  for i = 1, #row, 2 do seen[#seen + 1] = { id = row[i], place = tonumber(row[i + 1]) } end
end
table.sort(seen, function(a, b) return a.place < b.place end)
local found = {}
for i, one in ipairs(seen) do
  if i > ${page} then break end
  after = whole(one.place)
  local t = load(one.id)
  if (provider == "" or t.provider == provider) and (about == "" or t.subject == about) then
    found[#found + 1] = flat(t)
    if #found == limit then return { found, false } end
  end
end
return { found, (isFull or #seen > ${page}) and after }
`)

export const ahead = script<number>(/* lua */ `
local route, priority, place = { provider = ARGV[2], route = ARGV[3] }, ARGV[4], ARGV[5]
local most = tonumber(ARGV[6])
local count = 0
for _, higher in ipairs(call("ZRANGEBYSCORE", queue(route), "(" .. priority, "+inf")) do
  count = count + call("ZCARD", queue(route) .. ":" .. higher)
end
count = count + call("ZCOUNT", queue(route) .. ":" .. priority, "-inf", "(" .. place)
return math.min(count, most)
`)

export const blockerOf = script<string | null>(/* lua */ `
local t = { provider = ARGV[2], subject = ARGV[3] }
return call("ZRANGEBYSCORE", subject(t), "-inf", "(" .. ARGV[4], "LIMIT", 0, 1)[1] or false
`)

/** Routes with something in their queue, each as its provider and its name. */
export const routes = script<ReadonlyArray<readonly [string, string]>>(/* lua */ `
local found = {}
for i = 2, #ARGV do
  local names = call("SMEMBERS", "routes:" .. ARGV[i])
  table.sort(names)
  for _, name in ipairs(names) do
    if call("EXISTS", queue({ provider = ARGV[i], route = name })) == 1 then found[#found + 1] = { ARGV[i], name } end
  end
end
return found
`)

export const changes = script<ReadonlyArray<Flat>>(/* lua */ `
local ids = call("ZRANGEBYSCORE", "changes", "(" .. ARGV[2], "+inf", "LIMIT", 0, ARGV[3])
local changed = {}
for i, t in ipairs(loaded(ids)) do changed[i] = flat(t) end
return changed
`)

export const revision = script<string | null>(/* lua */ `return call("GET", "revision")`)

/** Instants as text. */
export const nextAt = script<ReadonlyArray<string>>(/* lua */ `
local found = {}
local function first(key)
  local row = call("ZRANGE", key, 0, 0, "WITHSCORES")
  if row[2] then found[#found + 1] = row[2] end
end
first("due")
first("expires")
for _, worker in ipairs(call("SMEMBERS", "workers")) do
  if worker ~= ARGV[2] then first("worker:" .. worker) end
end
return found
`)
