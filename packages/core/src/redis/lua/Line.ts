/**
 * Who waits for one quota, over all workers: a sorted set of their places, by when the first call of each began to wait.
 *
 * Only the first is called to its turn, and only it may be admitted, so that waiting is served in the order of arrival and
 * costs no polling. A first that does not come, as its worker died or was cut off, is dropped by the next.
 */
import { luaModule, record } from "./Prelude.ts"

export const line = luaModule(
  "Line",
  /* lua */ `
${record("line", "size head headSince called toldAt comesBy turn livesUntil alongSince alongPlace units", "key")}
-- The next looks after a first that is late by so much; who is to be called looks by itself after so long.
local grace, patience, longest, aware, turnsPerMilli = 250, 1000, 10000, 2, 16

local Line
Line = class({
  open = function(key, saved)
    local line = lineOf(saved or { 0, "", 0, "", huge, huge, 0, -huge, -huge, "", 0 })
    line.key = key
    return setmetatable(line, Line)
  end,

  save = function(self, wall, ttl)
    if self.size == 0 then return false end
    if self.livesUntil < wall + ttl then
      redis.call("PEXPIRE", self.key, whole(2 * ttl))
      self.livesUntil = wall + 2 * ttl
    end
    return lineValues(self)
  end,

  -- Whether somebody else is before who began to wait then.
  precedes = function(self, place, since, now)
    while self.size > 0 and self.head ~= place and now > self.comesBy + grace do self:leave(self.head) end
    if self.size == 0 or self.head == place or self:isAlong(place, since) then return false end
    return self.headSince < since or (self.headSince == since and self.head < place)
  end,

  -- How many others wait, and since when the first of them.
  others = function(self, place)
    if self.size == 0 then return 0 end
    local first = redis.call("ZRANGE", self.key, 0, 1, "WITHSCORES")
    local next = first[1] == place and first[4] or first[2]
    local isIn = self.head == place or redis.call("ZSCORE", self.key, place)
    return self.size - (isIn and 1 or 0), tonumber(next)
  end,

  join = function(self, place, since)
    if self.size == 0 then self.livesUntil = -huge end
    self.size = self.size + redis.call("ZADD", self.key, exact(since), place)
    self:look()
  end,

  leave = function(self, place)
    if self.size == 0 or redis.call("ZREM", self.key, place) == 0 then return end
    self.size = self.size - 1
    if self.size > 0 then self:look() end
  end,

  -- Notes who is the first. Until it is called it is not late.
  look = function(self)
    local first = redis.call("ZRANGE", self.key, 0, 0, "WITHSCORES")
    if first[1] ~= self.head then self.called, self.toldAt, self.comesBy, self.units = "", huge, huge, 0 end
    self.head, self.headSince = first[1], tonumber(first[2])
  end,

  -- The first is told to come at askAt, as there may be room from at on; gives when it comes, at the latest.
  call = function(self, at, askAt, now)
    self.called, self.toldAt = self.head, at
    -- Numbered, as an answer and a message may overtake each other; by the time, as a line that was empty begins anew.
    self.turn = max(self.turn + 1, now * turnsPerMilli)
    self.comesBy = askAt == huge and now + patience or min(askAt, now + longest)
    return self.comesBy
  end,

  -- Gives those who wait behind the first, so many at most: they may come with it, all up to the last of them.
  callAlong = function(self, most)
    local along = redis.call("ZRANGE", self.key, 1, most, "WITHSCORES")
    self.alongPlace = along[#along - 1] or self.head
    self.alongSince = tonumber(along[#along] or self.headSince)
    local places = {}
    for i = 1, #along, 2 do places[#places + 1] = along[i] end
    return places
  end,

  -- Whether a place was called along and has not come since.
  isAlong = function(self, place, since)
    return since < self.alongSince or (since == self.alongSince and place <= self.alongPlace)
  end,

  -- Whether the first does not know that it is, or that there is room earlier than it was told.
  isUnaware = function(self, at, now)
    return self.called ~= self.head or (at < self.toldAt - aware and self.toldAt > now + aware)
  end,

  -- When one that is not the first looks after those before it.
  looksAfter = function(self, place, now)
    -- What it was told of its turn before is over, in another line too.
    self.turn = max(self.turn, now * turnsPerMilli)
    local rank = max(1, redis.call("ZRANK", self.key, place) or 1)
    return (self.comesBy == huge and now + patience or max(now, self.comesBy)) + grace * rank
  end
})

return Line
`
)
