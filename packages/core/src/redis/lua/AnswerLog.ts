/**
 * `admission/AnswerLog` over one string in Redis: a ring of entries of 14 bytes, read and written in place.
 *
 * An entry is two instants of five bytes, counted from the log's base, and its units in four. The base lies two years
 * before the first entry, so that instants have room on both sides; the largest offset stands for Infinity. What most calls
 * ask of it (when the next is free, the oldest and the newest entry) is kept beside the ring, so that they read nothing of it.
 */
import { luaModule, packed } from "./Prelude.ts"

export const answerLog = luaModule(
  "AnswerLog",
  /* lua */ `
${packed(
  "log",
  "head size freed busy kept capacity base livesUntil dueAt oldestAt newestAt newestFreeAt newestUnits",
  "key bound pageSize pages stamps counts"
)}
local empty = { 0, 0, 0, 0, 0, 0, 0, 0, huge, huge, -huge, -huge, 0 }
local form, bytes = ">I5I5I4", 14
local before, never = 2 ^ 36, 2 ^ 40 - 1

local AnswerLog
AnswerLog = class({
  page = 16,

  -- A ring grows by a sixteenth, and to bound entries without waste; page entries are read at once.
  open = function(key, saved, bound, page)
    local log = saved and logFrom(saved) or logOf(empty)
    log.key, log.bound, log.pageSize, log.pages = key, bound, page or AnswerLog.page, {}
    return setmetatable(log, AnswerLog)
  end,

  save = function(self, wall, ttl)
    if self.capacity == 0 then return false end
    self:forget()
    if self.livesUntil < wall + ttl then
      redis.call("PEXPIRE", self.key, ceil(2 * ttl))
      self.livesUntil = wall + 2 * ttl
    end
    return logBytes(self)
  end,

  -- Adds units answered at stamp; one that lies before the newest takes its place among those that are not freed yet.
  push = function(self, stamp, earliestFreeAt, units)
    self.busy = self.busy + units
    self.kept = self.kept + units
    local place = self:placeOf(stamp)
    local lastStamp, lastFree, lastUnits = self.newestAt, self.newestFreeAt, self.newestUnits
    if place > 0 and place < self.size then lastStamp, lastFree, lastUnits = self:entry(place - 1) end
    local freeAt = earliestFreeAt
    if place > self.freed then
      freeAt = max(freeAt, lastFree)
      if lastStamp == stamp and lastFree == freeAt then
        return self:write(place - 1, lastStamp, lastFree, lastUnits + units)
      end
    end
    if self.size == self.capacity then self:grow(stamp) end
    self.size = self.size + 1
    for i = self.size - 1, place + 1, -1 do self:write(i, self:entry(i - 1)) end
    if place > 0 then stamp = max(stamp, lastStamp) end
    self:write(place, stamp, freeAt, units)
  end,

  -- Behind all that were answered by then, and not before those that are freed.
  placeOf = function(self, stamp)
    local low, high = self.freed, self.size
    if low == high or self.newestAt <= stamp then return high end
    while low < high do
      local middle = floor((low + high) / 2)
      if (self:entry(middle)) <= stamp then low = middle + 1 else high = middle end
    end
    return low
  end,

  -- Frees what is due at now and drops what was answered at or before keepAfter.
  expire = function(self, now, keepAfter)
    while self.dueAt <= now do
      local _, _, units = self:entry(self.freed)
      self.busy = self.busy - units
      self.freed = self.freed + 1
      self:lookAtDue()
    end
    while self.freed > 0 and self.oldestAt <= keepAfter do
      local _, _, units = self:entry(0)
      self.kept = self.kept - units
      self.freed = self.freed - 1
      self:drop()
    end
  end,

  -- The instant at which units of the busy ones will have been freed; Infinity if there are not so many.
  freesAt = function(self, units)
    if units <= 1 then return self.dueAt end
    for i = self.freed, self.size - 1 do
      local _, freeAt, count = self:entry(i)
      units = units - count
      if units <= 0 then return freeAt end
    end
    return huge
  end,

  -- Gives every kept entry a new instant to be free at.
  reschedule = function(self, freeAtOf)
    if self.size == 0 then return end
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
    self:lookAtDue()
    return stamp, units
  end,

  -- Stamp, instant to be free at, and units of the i-th oldest kept entry.
  entry = function(self, i)
    local at = (self.head + i) % self.capacity
    local from = at - at % self.pageSize
    local page = self.pages[from]
    if not page then
      page = redis.call("GETRANGE", self.key, from * bytes, (from + self.pageSize) * bytes - 1)
      self.pages[from] = page
    end
    local stamp, freeAt, units = struct.unpack(form, page, (at - from) * bytes + 1)
    return stamp + self.base, freeAt == never and huge or freeAt + self.base, units
  end,

  -- Stamps and units of all kept entries, the oldest first, for what goes over them many times.
  all = function(self)
    if not self.stamps then
      local stamps, counts = {}, {}
      for i = 1, self.size do
        local stamp, _, units = self:entry(i - 1)
        stamps[i], counts[i] = stamp, units
      end
      self.stamps, self.counts = stamps, counts
    end
    return self.stamps, self.counts
  end,

  -- What was read is of this call: only the next one's saved text says whether the ring is still the same.
  forget = function(self)
    if next(self.pages) then self.pages = {} end
    self.stamps = false
  end,

  -- So many entries are read at once from now on.
  readBy = function(self, page)
    self.pageSize, self.pages = page, {}
  end,

  write = function(self, i, stamp, freeAt, units)
    local at = (self.head + i) % self.capacity
    redis.call("SETRANGE", self.key, at * bytes, self:packed(stamp, freeAt, units))
    self.pages[at - at % self.pageSize] = nil
    self.stamps = false
    if i == 0 then self.oldestAt = stamp end
    if i == self.freed then self.dueAt = freeAt end
    if i == self.size - 1 then self.newestAt, self.newestFreeAt, self.newestUnits = stamp, freeAt, units end
  end,

  lookAtDue = function(self)
    if self.freed == self.size then
      self.dueAt = huge
    else
      local _, freeAt = self:entry(self.freed)
      self.dueAt = freeAt
    end
  end,

  packed = function(self, stamp, freeAt, units)
    return struct.pack(form, stamp - self.base, freeAt == huge and never or max(0, freeAt - self.base), units)
  end,

  drop = function(self)
    self.head = (self.head + 1) % self.capacity
    self.size = self.size - 1
    self.stamps = false
    if self.size > 0 then
      self.oldestAt = self:entry(0)
    else
      self.oldestAt, self.newestAt, self.newestFreeAt, self.newestUnits = huge, -huge, -huge, 0
    end
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
    self.capacity, self.head, self.livesUntil = capacity, 0, -huge
    self:forget()
  end
})

return AnswerLog
`
)
