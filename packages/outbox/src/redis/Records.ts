/**
 * Tickets in Redis: a hash for each, and sorted sets that follow from what is in it.
 *
 * Whatever a script changes of a ticket, `write` brings all sets to what the ticket says then; so no script minds them.
 * All keys begin with the one key that a script is given, which has the hash tag: on a cluster they are in one slot.
 */

/** What scripts begin with: reading, writing and looking tickets up. */
export const records = /* lua */ `
local base, now = KEYS[1], ARGV[1]

local function whole(n) return string.format("%.0f", n) end
local function call(command, key, ...) return redis.call(command, base .. ":" .. key, ...) end

-- Names of two parts, of which either may have any letters.
local function pair(kind, first, second) return kind .. ":" .. #first .. ":" .. first .. ":" .. second end
local function queue(t) return pair("ready", t.provider, t.route) end
local function subject(t) return pair("subject", t.provider, t.subject) end
local function states(provider, state) return pair("state", provider, state) end

local known = {}

local function load(id)
  local flat = call("HGETALL", "ticket:" .. id)
  if #flat == 0 then return nil end
  local t, before = {}, {}
  for i = 1, #flat, 2 do
    t[flat[i]] = flat[i + 1]
    before[flat[i]] = flat[i + 1]
  end
  known[id] = before
  return t
end

local function isReady(t) return t.state == "waiting" and t.behind == "0" and t.due_at == "0" end
local function isEnded(t) return t.state == "done" or t.state == "cancelled" or t.state == "superseded" end
local function isOpen(t) return t.state == "waiting" or t.state == "taken" or t.state == "sending" end

-- In which sets a ticket is, and where.
local function places(t)
  local at = { all = t.place, changes = t.revision, [states(t.provider, t.state)] = t.place }
  if t.subject then at["about:" .. t.subject] = t.place end
  if isReady(t) then at[queue(t) .. ":" .. t.priority] = t.place end
  if t.state == "waiting" and t.due_at ~= "0" then at.due = t.due_at end
  if t.state == "waiting" and t.expires_at then at.expires = t.expires_at end
  if t.worker then at["worker:" .. t.worker] = t.owned_until end
  if t.holds == "1" and t.subject then at[subject(t)] = t.place end
  if t.merged_into and isOpen(t) then at["merged:" .. t.merged_into] = t.place end
  if isEnded(t) then at.ended = t.updated_at end
  return at
end

-- Sets of sets: which priorities a queue has, and which workers own something.
local function list(t)
  if isReady(t) then call("ZADD", queue(t), t.priority, t.priority) end
  if t.worker then call("SADD", "workers", t.worker) end
end
local function unlist(t)
  if isReady(t) and call("EXISTS", queue(t) .. ":" .. t.priority) == 0 then call("ZREM", queue(t), t.priority) end
  if t.worker and call("EXISTS", "worker:" .. t.worker) == 0 then call("SREM", "workers", t.worker) end
end

-- How many of a route wait, of those may go as one with the one before them, are taken, are under way and have failed.
local function counts(t)
  if t.state == "waiting" and t.behind == "1" and t.merge_key then return { "waiting", "joining" } end
  if isEnded(t) then return {} end
  return { t.state }
end
local function count(t, by)
  local key = pair("tally", t.provider, t.route)
  for _, name in ipairs(counts(t)) do
    if call("HINCRBY", key, name, by) == 0 then call("HDEL", key, name) end
  end
end

local function move(id, from, to)
  for key in pairs(from) do
    if to[key] == nil then call("ZREM", key, id) end
  end
  for key, score in pairs(to) do
    if from[key] ~= score then call("ZADD", key, score, id) end
  end
end

local function write(t)
  local before, key = known[t.id], "ticket:" .. t.id
  for field in pairs(before or {}) do
    if t[field] == nil then call("HDEL", key, field) end
  end
  local copy = {}
  for field, value in pairs(t) do
    copy[field] = value
    if before == nil or before[field] ~= value then call("HSET", key, field, value) end
  end
  move(t.id, before and places(before) or {}, places(t))
  list(t)
  count(t, 1)
  if before then
    unlist(before)
    count(before, -1)
  end
  known[t.id] = copy
end

local function forget(t)
  move(t.id, places(t), {})
  unlist(t)
  count(t, -1)
  call("DEL", "ticket:" .. t.id)
  if call("EXISTS", pair("tally", t.provider, t.route)) == 0 then call("SREM", "routes:" .. t.provider, t.route) end
end

local function revise() return whole(call("INCR", "revision")) end

-- Writes what everybody is to see.
local function change(t)
  t.updated_at = now
  t.revision = revise()
  write(t)
end

-- All of a ticket but what is only for searches.
local words = { sought = true, query = true, said = true, said_whole = true, expiry_said = true }
local function flat(t)
  local all = {}
  for field, value in pairs(t) do
    if not words[field] then
      all[#all + 1] = field
      all[#all + 1] = value
    end
  end
  return all
end
-- Why it failed, or how its last attempt ended, for searches; "" is nothing.
local function say(t, said, full)
  t.said = said ~= "" and said or nil
  t.said_whole = full ~= "" and full or nil
end

local function loaded(ids)
  local all = {}
  for i, id in ipairs(ids) do all[i] = load(id) end
  return all
end

local function disown(t) t.worker, t.owned_until = nil, nil end
local function close(t)
  t.holds, t.behind = "0", "0"
  disown(t)
end

-- What may have arrived together stays together: else it would be sent again in another form.
local function part(t)
  if t.in_doubt ~= "1" then t.merged_into = nil end
end

-- Those that go with a ticket, while it has not ended.
local function company(id) return loaded(call("ZRANGE", "merged:" .. id, 0, -1)) end

-- Lets the next ticket of a subject go, when one that held it has ended.
local function advance(t)
  local id = t.subject and call("ZRANGE", subject(t), 0, 0)[1]
  local first = id and load(id)
  if first and first.behind == "1" then
    first.behind = "0"
    write(first)
  end
end
`
