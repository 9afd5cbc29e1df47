/** `admission/SlidingBook`: two-bucket sliding counters, and quotas whose kind is not told. Reads its whole log at once. */
import { luaModule } from "./Prelude.ts"

export const slidingBook = luaModule(
  "SlidingBook",
  /* lua */ `
local wholeLog = 2 ^ 24

local Logged = need("LoggedBook")
local SlidingBook
SlidingBook = class({
  openKind = function(self, log, foreignLog)
    self.window = self.baseCooling - self.quota.slackMillis
    self:openLogs(log, foreignLog, wholeLog)
  end,

  saveKind = function(self, wall, ttl)
    return self.log:save(wall, ttl), self.foreignLog:save(wall, ttl)
  end,

  free = function(self, now)
    local low, high = 0, max(0, self.caution.limit - self.inFlight)
    while low < high do
      local middle = floor((low + high + 1) / 2)
      if self:fits(middle, now) then low = middle else high = middle - 1 end
    end
    return low
  end,

  roomAt = function(self, units, now)
    if self:fits(units, now) then return now end
    if self.inFlight + units > self:limitFor(units) then return now + self.cooling end
    local low, high = now, self:freeAt(now)
    while low + 1 < high do
      local middle = floor((low + high) / 2)
      if self:fits(units, middle) then high = middle else low = middle end
    end
    return high
  end,

  -- What leaves the last window makes room, though it is weighed for another one.
  nextFreeAt = function(self, now)
    return max(now, Logged.nextFreeAt(self, now) - self.window - 1)
  end,

  cool = function(self, units, answeredAt, creditMillis)
    local stamp = self:stampOf(answeredAt - creditMillis)
    self.log:push(stamp, self:freeAt(stamp), units)
  end,

  freeAt = function(self, stamp)
    return stamp + self.window + self.cooling + 1
  end,

  cautioned = function(self)
    self:reschedule(function(stamp) return self:freeAt(stamp) end)
  end,

  expire = function(self, now)
    self:expireLogs(now, now - self.window - self.cooling - 1)
  end,

  -- Whether the counter stays within the limit at every phase; closed comparisons throughout.
  fits = function(self, units, now)
    local present = self.inFlight + units
    local limit = self:limitFor(units)
    if present + self.log.kept <= limit then return true end
    local ages, most = self:agesAt(now), limit * self.window
    return self:weightWithin(ages, present, most, 0) and self:weightWithin(ages, present, most, self.window)
  end,

  -- How old each answer is at least, the oldest first.
  agesAt = function(self, now)
    local stamps, ages = self.log:all(), {}
    local latest = now - (self.cooling - self.window)
    for i = 1, #stamps do
      local age = latest - stamps[i]
      ages[i] = age > 0 and age or 0
    end
    return ages
  end,

  -- Sweeps the phases at which an answer aged offset or more enters the current window (0) or leaves the previous one
  -- (the window), the newest first, with the units of both windows summed on the way.
  weightWithin = function(self, ages, present, most, offset)
    local window, size = self.window, #ages
    local _, counts = self.log:all()
    local current, currentUnits = size, present
    local previous, bothUnits = size, present
    for i = size + 1, 1, -1 do
      local elapsed = (i > size and offset or ages[i]) - offset
      if elapsed >= window then break end
      if elapsed >= 0 then
        while current >= 1 and ages[current] <= elapsed do
          currentUnits, current = currentUnits + counts[current], current - 1
        end
        while previous >= 1 and ages[previous] <= elapsed + window do
          bothUnits, previous = bothUnits + counts[previous], previous - 1
        end
        if window * currentUnits + (window - elapsed) * (bothUnits - currentUnits) > most then return false end
      end
    end
    return true
  end
}, Logged)

return SlidingBook
`
)
