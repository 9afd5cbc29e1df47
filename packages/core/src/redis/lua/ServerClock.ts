/** `admission/ServerClock`: bounds of (server time - Redis time), learned from `Date` headers. Kept on the desk. */
import { luaModule, record } from "./Prelude.ts"

export const serverClock = luaModule(
  "ServerClock",
  /* lua */ `
${record("clock", "minimum minimumAt maximum maximumAt drift steppedAt version steps latency")}
local staleMillis, spreadMillis = 50, 100
local leastDrift, mostDrift, calmMillis = 0.001, 0.1, 3600000

local ServerClock
ServerClock = class({
  open = function(saved)
    return setmetatable(clockOf(saved or { -huge, 0, huge, 0, leastDrift, -huge, 0, 0, 0 }), ServerClock)
  end,

  save = function(self)
    return self.minimum ~= -huge and clockValues(self)
  end,

  isKnown = function(self)
    return self.minimum ~= -huge
  end,

  -- Takes in a response that was admitted at sentAt, came at receivedAt and says dateMillis.
  learn = function(self, dateMillis, sentAt, receivedAt)
    self.latency = self.latency + (receivedAt - sentAt - self.latency) / 16
    local low = dateMillis - receivedAt
    local high = dateMillis + 1000 + staleMillis - sentAt
    local minimum = max(self:lower(receivedAt), low)
    local maximum = min(self:upper(receivedAt), high)
    if minimum > maximum then
      self.steps = self.steps + 1
      self.drift = min(mostDrift, 2 * self.drift)
      self.steppedAt = receivedAt
      self:set(low, high, receivedAt, 1)
    else
      local isTighter = minimum >= self.minimum + 1 or maximum <= self.maximum - 1
      self:set(minimum, maximum, receivedAt, isTighter and 1 or 0)
    end
    if receivedAt - self.steppedAt > calmMillis then
      self.drift = max(leastDrift, self.drift / 2)
      self.steppedAt = receivedAt
    end
  end,

  -- The latest instant at which the server's clock shows serverMillis.
  latest = function(self, serverMillis, now)
    local after = serverMillis - now - self:lower(now) + spreadMillis
    return now + ceil(after + (max(0, after) * self.drift) / (1 - self.drift))
  end,

  -- The earliest such instant.
  earliest = function(self, serverMillis, now)
    local after = serverMillis - now - self:upper(now) - spreadMillis
    return now + floor(after - math.abs(after) * self.drift)
  end,

  -- The latest instant of the first multiple of window that surely ends whatever was counted before answeredAt.
  boundaryAfter = function(self, answeredAt, window)
    local elapsed = answeredAt % window
    local next = floor((elapsed + self:upper(answeredAt) + spreadMillis) / window) + 1
    return self:latest(answeredAt - elapsed + next * window, answeredAt)
  end,

  width = function(self, now)
    return self:upper(now) - self:lower(now)
  end,

  -- How long after now, from millis after it on, the server's second may turn.
  turnAfter = function(self, millis, now)
    local shown = now % 1000 + millis
    local turn = ceil((shown + self:lower(now, millis)) / 1000) * 1000
    return max(millis, millis - shown + turn - self:upper(now, millis))
  end,

  lower = function(self, now, after)
    return self.minimum - math.abs(now - self.minimumAt + (after or 0)) * self.drift
  end,

  upper = function(self, now, after)
    return self.maximum + math.abs(now - self.maximumAt + (after or 0)) * self.drift
  end,

  set = function(self, minimum, maximum, now, versions)
    self.version = self.version + versions
    self.minimum, self.minimumAt, self.maximum, self.maximumAt = minimum, now, maximum, now
  end
})

return ServerClock
`
)
