/**
 * `admission/AnswerLog` over one string in Redis: a ring of entries of 14 bytes, read and written in place.
 *
 * An entry is two instants of five bytes, counted from the log's base, and its units in four. The base lies two years
 * before the first entry, so that instants have room on both sides; the largest offset stands for Infinity.
 */
import { luaModule, record } from "./Prelude.ts"

export const answerLog = luaModule(
  "AnswerLog",
  /* lua */ `
${record("log", "head size freed busy kept capacity base livesUntil", "key bound pageSize page pageFrom")}
local empty = { 0, 0, 0, 0, 0, 0, 0, 0 }
local form, bytes = ">I5I5I4", 14
local before, never = 2 ^ 36, 2 ^ 40 - 1

local AnswerLog
AnswerLog = class({
  -- A ring grows by a sixteenth, and to bound entries without waste; page entries are read at once.
  open = function(key, saved, bound, page)
    local log = logOf(saved or empty)
    log.key, log.bound, log.pageSize = key, bound, page or 16
    return setmetatable(log, AnswerLog)
  end,

  save = function(self, now, ttl)
    if self.capacity == 0 then return false end
    if self.livesUntil < now + ttl then
      redis.call("PEXPIRE", self.key, whole(2 * ttl))
      self.livesUntil = now + 2 * ttl
    end
    return logValues(self)
  end,

  -- The newest stamp, or -Infinity.
  newest = function(self)
    return self.size == 0 and -huge or (self:entry(self.size - 1))
  end,

  -- Adds units answered at stamp; one that lies before the newest takes its place among those that are not freed yet.
  push = function(self, stamp, earliestFreeAt, units)
    self.busy = self.busy + units
    self.kept = self.kept + units
    local place = self:placeOf(stamp)
    local lastStamp, lastFree, lastUnits
    if place > self.freed then lastStamp, lastFree, lastUnits = self:entry(place - 1) end
    local freeAt = earliestFreeAt
    if place > self.freed then
      freeAt = max(freeAt, lastFree)
      if lastStamp == stamp and lastFree == freeAt then
        return self:write(place - 1, lastStamp, lastFree, lastUnits + units)
      end
    end
    if self.size == self.capacity then self:grow(stamp) end
    for i = self.size, place + 1, -1 do self:write(i, self:entry(i - 1)) end
    self.size = self.size + 1
    if place > 0 then stamp = max(stamp, (self:entry(place - 1))) end
    self:write(place, stamp, freeAt, units)
  end,

  -- Behind all that were answered by then, and not before those that are freed.
  placeOf = function(self, stamp)
    local low, high = self.freed, self.size
    if low == high or (self:entry(high - 1)) <= stamp then return high end
    while low < high do
      local middle = floor((low + high) / 2)
      if (self:entry(middle)) <= stamp then low = middle + 1 else high = middle end
    end
    return low
  end,

  -- Frees what is due at now and drops what was answered at or before keepAfter.
  expire = function(self, now, keepAfter)
    while self.freed < self.size do
      local _, freeAt, units = self:entry(self.freed)
      if freeAt > now then break end
      self.busy = self.busy - units
      self.freed = self.freed + 1
    end
    while self.freed > 0 do
      local stamp, _, units = self:entry(0)
      if stamp > keepAfter then break end
      self.kept = self.kept - units
      self:drop()
      self.freed = self.freed - 1
    end
  end,

  -- The instant at which units of the busy ones will have been freed; Infinity if there are not so many.
  freesAt = function(self, units)
    for i = self.freed, self.size - 1 do
      local _, freeAt, count = self:entry(i)
      units = units - count
      if units <= 0 then return freeAt end
    end
    return huge
  end,

  -- Gives every kept entry a new instant to be free at.
  reschedule = function(self, freeAtOf)
    self.freed, self.busy = 0, self.kept
    local latest = -huge
    for i = 0, self.size - 1 do
      local stamp, old, units = self:entry(i)
      latest = max(latest, freeAtOf(stamp, old))
      self:write(i, stamp, latest, units)
    end
  end,

  -- Frees what was answered before beforeAt by freeAt at the latest.
  hasten = function(self, beforeAt, freeAt)
    for i = self.size - 1, self.freed, -1 do
      local stamp, old, units = self:entry(i)
      if stamp < beforeAt then
        if old <= freeAt then return end
        self:write(i, stamp, freeAt, units)
      end
    end
  end,

  -- Removes the oldest entry. Only for logs whose entries are consumed, not cooled.
  shift = function(self)
    local stamp, _, units = self:entry(0)
    self.kept = self.kept - units
    if self.freed > 0 then self.freed = self.freed - 1 else self.busy = self.busy - units end
    self:drop()
    return stamp, units
  end,

  -- Stamp, instant to be free at, and units of the i-th oldest kept entry.
  entry = function(self, i)
    local at = (self.head + i) % self.capacity
    local from = at - at % self.pageSize
    if self.pageFrom ~= from then
      self.pageFrom = from
      self.page = redis.call("GETRANGE", self.key, from * bytes, (from + self.pageSize) * bytes - 1)
    end
    local stamp, freeAt, units = struct.unpack(form, self.page, (at - from) * bytes + 1)
    return stamp + self.base, freeAt == never and huge or freeAt + self.base, units
  end,

  write = function(self, i, stamp, freeAt, units)
    local at = (self.head + i) % self.capacity
    redis.call("SETRANGE", self.key, at * bytes, self:packed(stamp, freeAt, units))
    self.pageFrom = nil
  end,

  packed = function(self, stamp, freeAt, units)
    return struct.pack(form, stamp - self.base, freeAt == huge and never or max(0, freeAt - self.base), units)
  end,

  drop = function(self)
    self.head = (self.head + 1) % self.capacity
    self.size = self.size - 1
  end,

  grow = function(self, stamp)
    local size, bound = self.size, self.bound
    local all = ""
    if size > 0 then
      local ring = redis.call("GETRANGE", self.key, 0, -1)
      all = ring:sub(self.head * bytes + 1) .. ring:sub(1, self.head * bytes)
    else
      self.base = stamp - before
    end
    local capacity = size + max(8, ceil(size / 16))
    if size < bound then capacity = min(capacity, bound) end
    redis.call("SET", self.key, all .. string.rep(string.char(0), (capacity - size) * bytes))
    self.capacity, self.head, self.livesUntil, self.pageFrom = capacity, 0, -huge, nil
  end
})

return AnswerLog
`
)
