/** The operations of a store in Redis that change something: each is one script, and so one atomic step. */
import { Redis } from "effect/persistence"
import { mostMerged } from "../OutboxStore.ts"
import { records } from "./Records.ts"

/** The first argument is the instant; of what is text, "" is none. */
const script = <Result>(lua: string) =>
  Redis.script((base: string, now: number, ...args: ReadonlyArray<string | number>) => [base, now, ...args], {
    numberOfKeys: 1,
    lua: records + lua
  }).withReturnType<Result>()

/** Fields and values of a ticket, one after the other. */
export type Flat = ReadonlyArray<string>

/** Of what is stored, fields and values come in pairs. */
export const insert = script<null>(/* lua */ `
local t = {}
for i = 3, #ARGV, 2 do t[ARGV[i]] = ARGV[i + 1] end
if call("EXISTS", "ticket:" .. t.id) == 1 then return end
t.place = revise()
t.behind = "0"
if t.subject then
  if ARGV[2] == "1" then
    for _, earlier in ipairs(loaded(call("ZRANGE", subject(t), 0, -1))) do
      local isUnsent = earlier.state == "waiting" or earlier.state == "taken" or earlier.state == "failed"
      if isUnsent and earlier.target == t.target and earlier.in_doubt == "0" then
        close(earlier)
        earlier.state, earlier.superseded_by, earlier.merged_into = "superseded", t.id, nil
        change(earlier)
      end
    end
    advance(t)
  end
  if call("EXISTS", subject(t)) == 1 then t.behind = "1" end
end
t.state, t.holds, t.due_at, t.attempts, t.in_doubt = "waiting", "1", "0", "0", "0"
t.created_at, t.updated_at, t.revision = now, now, t.place
write(t)
call("SADD", "providers", t.provider)
call("SADD", "routes:" .. t.provider, t.route)
`)

/** So many tickets are tended in one step; those that are left are found by the next. */
const mostTended = 500

export const tend = script<number>(/* lua */ `
local found = 0
for _, worker in ipairs(call("SMEMBERS", "workers")) do
  if worker ~= ARGV[2] then
    for _, t in ipairs(loaded(call("ZRANGEBYSCORE", "worker:" .. worker, "-inf", now, "LIMIT", 0, ${mostTended}))) do
      found = 1
      disown(t)
      if t.state == "sending" then
        t.in_doubt, t.trouble = "1", ARGV[3]
        say(t, ARGV[4], "")
      else
        part(t)
      end
      t.state, t.due_at = "waiting", "0"
      change(t)
    end
  end
end
for _, id in ipairs(call("ZRANGEBYSCORE", "expires", "-inf", now, "LIMIT", 0, ${mostTended})) do
  -- Ending the one before may have let it go.
  local t = load(id)
  found = 1
  close(t)
  t.state, t.failure = "failed", t.expiry
  say(t, t.expiry_said, "")
  change(t)
  advance(t)
end
for _, t in ipairs(loaded(call("ZRANGEBYSCORE", "due", "-inf", now, "LIMIT", 0, ${mostTended}))) do
  found = 1
  t.due_at = "0"
  write(t)
end
return found
`)

/** Each is a ticket, and then those that go with it. */
export const take = script<ReadonlyArray<ReadonlyArray<Flat>>>(/* lua */ `
local route = { provider = ARGV[2], route = ARGV[3] }
local worker, owned, limit = ARGV[4], ARGV[5], tonumber(ARGV[6])
local ids = {}
for _, priority in ipairs(call("ZREVRANGE", queue(route), 0, -1)) do
  if #ids >= limit then break end
  for _, id in ipairs(call("ZRANGE", queue(route) .. ":" .. priority, 0, limit - #ids - 1)) do ids[#ids + 1] = id end
end

-- Those right behind a ticket of the same key that wait and cannot have arrived; others in between end the row.
local function mergeable(t)
  local row, length = {}, #t.call
  local ids = call("ZRANGEBYSCORE", subject(t), "(" .. t.place, "+inf", "LIMIT", 0, ${mostMerged.tickets})
  for _, next in ipairs(loaded(ids)) do
    length = length + #next.call
    local isAlike = next.state == "waiting" and next.in_doubt == "0" and next.merge_key == t.merge_key
    if not isAlike or length > ${mostMerged.length} then break end
    row[#row + 1] = next
  end
  return row
end

local taken = {}
for i, id in ipairs(ids) do
  local t = load(id)
  local members = {}
  if t.merge_key and t.subject then members = t.in_doubt == "1" and company(id) or mergeable(t) end
  t.state, t.worker, t.owned_until = "taken", worker, owned
  write(t)
  taken[i] = { flat(t) }
  for _, member in ipairs(members) do
    member.state, member.worker, member.owned_until, member.merged_into = "taken", worker, owned, id
    change(member)
    table.insert(taken[i], flat(member))
  end
end
return taken
`)

export const recall = script<null>(/* lua */ `
local known = {}
for i = 3, #ARGV do known[ARGV[i]] = true end
for _, t in ipairs(loaded(call("ZRANGE", "worker:" .. ARGV[2], 0, -1))) do
  if t.state == "taken" and not known[t.id] then
    disown(t)
    part(t)
    t.state = "waiting"
    change(t)
  end
end
`)

export const begin = script<number>(/* lua */ `
local id, worker, owned, merged = ARGV[2], ARGV[3], ARGV[4], tonumber(ARGV[5])
local first = load(id)
if first == nil then return 0 end
local all = company(id)
if #all ~= merged then return 0 end
table.insert(all, 1, first)
for _, t in ipairs(all) do
  local isOurs = t.worker == worker and (t.state == "taken" or t.state == "sending")
  if not isOurs or (t.expires_at and tonumber(t.expires_at) <= tonumber(now)) then return 0 end
end
for _, t in ipairs(all) do
  t.state, t.sent_at, t.owned_until = "sending", now, owned
  t.attempts = whole(tonumber(t.attempts) + 1)
  t.first_sent_at = t.first_sent_at or now
  change(t)
end
return 1
`)

/**
 * By tag: `Done` has an answer, `Failed` a failure, the others a trouble; then whether it holds others or is in doubt, when it is
 * due, and what of it is said to searches.
 */
export const end = script<number>(/* lua */ `
local id, worker, tag, text, isHolding, isInDoubt, due = ARGV[2], ARGV[3], ARGV[4], ARGV[5], ARGV[6], ARGV[7], ARGV[8]
local said, full = ARGV[9], ARGV[10]
local first = load(id)
if first == nil or first.worker ~= worker or (first.state ~= "taken" and first.state ~= "sending") then return 0 end
local all = company(id)
table.insert(all, 1, first)
for _, t in ipairs(all) do
  local isUncounted = t.state == "sending" and (tag == "Unsent" or tag == "Apart")
  if isUncounted then t.attempts = whole(tonumber(t.attempts) - 1) end
  disown(t)
  if said ~= "" then say(t, said, full) end
  if tag == "Done" then
    close(t)
    t.state, t.in_doubt, t.answer = "done", "0", text
  elseif tag == "Failed" then
    t.state, t.behind, t.holds, t.failure, t.in_doubt = "failed", "0", isHolding, text, isInDoubt
  else
    t.state, t.due_at = "waiting", due
    if text ~= "" then t.trouble = text end
    if isInDoubt == "1" then t.in_doubt = "1" end
    part(t)
    if tag == "Apart" then t.merge_key, t.merged_into = nil, nil end
  end
  change(t)
end
if isHolding == "0" then advance(first) end
return 1
`)

export const renew = script<null>(/* lua */ `
for _, t in ipairs(loaded(call("ZRANGE", "worker:" .. ARGV[2], 0, -1))) do
  t.owned_until = ARGV[3]
  write(t)
end
`)

/** What the ticket was; none if there is none. */
export const cancel = script<string | null>(/* lua */ `
local t = load(ARGV[2])
if t == nil then return false end
local was = t.state
if was ~= "waiting" and was ~= "taken" and was ~= "failed" then return was end
local members = company(t.id)
close(t)
t.state, t.merged_into = "cancelled", nil
change(t)
for _, member in ipairs(members) do
  disown(member)
  member.state, member.merged_into = "waiting", nil
  change(member)
end
advance(t)
return was
`)

/** What the ticket was. Its expiry is put right by "none" or an instant, and its call by fields and values in pairs. */
export const retry = script<string | null>(/* lua */ `
local t = load(ARGV[2])
if t == nil then return false end
local was, expires, expiry, expirySaid = t.state, ARGV[3], ARGV[4], ARGV[5]
if was ~= "failed" then return was end
-- Of what failed, only what expired holds nobody: it would do so again.
local isOvertaken = t.holds == "0"
local isLate = isOvertaken or (t.expires_at and tonumber(t.expires_at) <= tonumber(now))
if expires == "none" or (expires == "" and isLate) then
  t.expires_at, t.expiry, t.expiry_said = nil, nil, nil
elseif expires ~= "" then
  t.expires_at, t.expiry, t.expiry_said = expires, expiry, expirySaid
end
if #ARGV > 5 then
  t.first_sent_at = nil
  for i = 6, #ARGV, 2 do t[ARGV[i]] = ARGV[i + 1] end
  call("SADD", "routes:" .. t.provider, t.route)
end
-- What does not hold others has been overtaken; of those that failed as one call, the first holds the rest.
local before = isOvertaken and "+inf" or "(" .. t.place
t.behind = t.subject and call("ZCOUNT", subject(t), "-inf", before) > 0 and "1" or "0"
t.state, t.holds, t.due_at, t.attempts, t.in_doubt = "waiting", "1", "0", "0", "0"
t.merge_key, t.merged_into, t.failure, t.trouble = nil, nil, nil, nil
say(t, "", "")
if isOvertaken then t.place = revise() end
change(t)
return was
`)

/** So many are forgotten in one step. */
const mostForgotten = 500

/** How many were forgotten; fewer than in one step if there are no more. */
export const purge = script<number>(/* lua */ `
local ended = loaded(call("ZRANGEBYSCORE", "ended", "-inf", "(" .. now, "LIMIT", 0, ${mostForgotten}))
for _, t in ipairs(ended) do forget(t) end
return #ended
`)
