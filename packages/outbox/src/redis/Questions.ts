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

/** So many tickets are looked at in one step; reading their texts is most of it, some microseconds for each. */
export const page = 1000

/**
 * Up to a number of tickets after a place, in some states or in all, of a provider and a subject or of all, with these words;
 * and the place that was looked at last, if there may be more after it.
 */
export const find = script<readonly [ReadonlyArray<Flat>, string | null]>(/* lua */ `
local after, limit, provider, about = ARGV[2], tonumber(ARGV[3]), ARGV[4], ARGV[5]
local seesQueries, seesBodies, words = ARGV[6] == "1", ARGV[7] == "1", tonumber(ARGV[8])
local wanted, any = {}, #ARGV == 8 + words
for i = 9 + words, #ARGV do wanted[ARGV[i]] = true end

local keys = {}
if about ~= "" then
  keys[1] = "about:" .. about
elseif any and provider == "" then
  keys[1] = "all"
else
  for _, one in ipairs(provider == "" and call("SMEMBERS", "providers") or { provider }) do
    for _, state in ipairs({ "waiting", "taken", "sending", "done", "failed", "cancelled", "superseded" }) do
      if any or wanted[state] then keys[#keys + 1] = states(one, state) end
    end
  end
end

local function matches(id)
  if words == 0 then return true end
  local text = call("HMGET", "ticket:" .. id, "state", "sought", "said", seesQueries and "query" or "", seesBodies and "said_whole" or "")
  local seen, said = text[2] or "", text[5] or text[3]
  if text[4] then seen = seen .. text[4] end
  if isEnded({ state = text[1] }) then said = nil end
  for i = 9, 8 + words do
    local isThere = string.find(seen, ARGV[i], 1, true) or (said and string.find(said, ARGV[i], 1, true))
    if not isThere then return false end
  end
  return true
end

local size = words > 0 and ${page} or math.min(limit, ${page})
local seen, isFull = {}, false
for _, key in ipairs(keys) do
  local row = call("ZRANGEBYSCORE", key, "(" .. after, "+inf", "WITHSCORES", "LIMIT", 0, size)
  isFull = isFull or #row == 2 * size
  for i = 1, #row, 2 do seen[#seen + 1] = { id = row[i], place = tonumber(row[i + 1]) } end
end
if #keys > 1 then table.sort(seen, function(a, b) return a.place < b.place end) end
local found = {}
for i, one in ipairs(seen) do
  if i > size then break end
  after = whole(one.place)
  if matches(one.id) then
    local t = load(one.id)
    if (provider == "" or t.provider == provider) and (any or wanted[t.state]) then
      found[#found + 1] = flat(t)
      if #found == limit then return { found, false } end
    end
  end
end
return { found, (isFull or #seen > size) and after }
`)

/** Of each ticket, how many go before it in its queue, and which one of its subject has to end first. */
export const standings = script<ReadonlyArray<readonly [number, string]>>(/* lua */ `
local all, higher = {}, {}
for i = 2, #ARGV do
  local own = call("HMGET", "ticket:" .. ARGV[i], "provider", "route", "subject", "priority", "place")
  local t = { provider = own[1], route = own[2], subject = own[3] }
  local priority, place = own[4], own[5]
  if not place then
    all[#all + 1] = { 0, "" }
  else
    local key = queue(t) .. ":" .. priority
    if not higher[key] then
      higher[key] = 0
      for _, other in ipairs(call("ZRANGEBYSCORE", queue(t), "(" .. priority, "+inf")) do
        higher[key] = higher[key] + call("ZCARD", queue(t) .. ":" .. other)
      end
    end
    local ahead = higher[key] + call("ZCOUNT", key, "-inf", "(" .. place)
    local first = t.subject and call("ZRANGEBYSCORE", subject(t), "-inf", "(" .. place, "LIMIT", 0, 1)[1]
    all[#all + 1] = { ahead, first or "" }
  end
end
return all
`)

/** Of each route with anything in it: its provider and name, how many wait, join others, are taken, under way and have failed, and the last. */
export const tally = script<
  ReadonlyArray<
    readonly [
      provider: string,
      route: string,
      waiting: string,
      joining: string,
      taken: string,
      sending: string,
      failed: string,
      last: Flat
    ]
  >
>(/* lua */ `
local function within(t, key)
  for _, id in ipairs(call("ZREVRANGE", key, 0, ${page} - 1)) do
    local own = call("HMGET", "ticket:" .. id, "provider", "route")
    if own[1] == t.provider and own[2] == t.route then return id end
  end
end
local function lastOf(t)
  local priority = call("ZRANGE", queue(t), 0, 0)[1]
  if priority then return call("ZREVRANGE", queue(t) .. ":" .. priority, 0, 0)[1] end
  return within(t, "due") or within(t, states(t.provider, "taken"))
end

local found = {}
local providers = call("SMEMBERS", "providers")
table.sort(providers)
for _, provider in ipairs(providers) do
  local routes = call("SMEMBERS", "routes:" .. provider)
  table.sort(routes)
  for _, route in ipairs(routes) do
    local t = { provider = provider, route = route }
    local n = call("HMGET", pair("tally", provider, route), "waiting", "joining", "taken", "sending", "failed")
    if n[1] or n[3] or n[4] or n[5] then
      local last = (n[1] or n[3]) and lastOf(t)
      found[#found + 1] =
        { provider, route, n[1] or "0", n[2] or "0", n[3] or "0", n[4] or "0", n[5] or "0", last and flat(load(last)) or {} }
    end
  end
end
return found
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
