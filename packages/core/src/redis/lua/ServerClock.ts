/** `admission/ServerClock`: bounds of (server time - Redis time), learned from `Date` headers. Kept on the desk. */
import { luaModule } from "./Prelude.ts"

export const serverClock = luaModule(
  "ServerClock",
  /* lua */ `
local ServerClock = class()
local fields = { "minimum", "minimumAt", "maximum", "maximumAt", "drift", "steppedAt", "version", "steps" }
local staleMillis, spreadMillis = 50, 100
local leastDrift, mostDrift, calmMillis = 0.001, 0.1, 3600000

function ServerClock.open(saved)
  return restore(setmetatable({}, ServerClock), fields, saved or { -huge, 0, huge, 0, leastDrift, -huge, 0, 0 })
end

function ServerClock:save()
  return self.minimum ~= -huge and valuesOf(self, fields)
end

function ServerClock:isKnown()
  return self.minimum ~= -huge
end

-- Takes in a response that was admitted at \`sentAt\`, came at \`receivedAt\` and says \`dateMillis\`.
function ServerClock:learn(dateMillis, sentAt, receivedAt)
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
end

-- The latest instant at which the server's clock shows \`serverMillis\`.
function ServerClock:latest(serverMillis, now)
  local at = serverMillis - self:lower(now) + spreadMillis
  return ceil(at + (max(0, at - now) * self.drift) / (1 - self.drift))
end

-- The earliest such instant.
function ServerClock:earliest(serverMillis, now)
  local at = serverMillis - self:upper(now) - spreadMillis
  return floor(at - math.abs(at - now) * self.drift)
end

-- The latest instant of the first multiple of \`window\` that surely ends whatever was counted before \`answeredAt\`.
function ServerClock:boundaryAfter(answeredAt, window)
  local last = floor((answeredAt + self:upper(answeredAt) + spreadMillis) / window)
  return self:latest((last + 1) * window, answeredAt)
end

function ServerClock:width(now)
  return self:upper(now) - self:lower(now)
end

-- The first instant from \`at\` on at which the server's second may turn.
function ServerClock:turnFrom(at)
  return max(at, ceil((at + self:lower(at)) / 1000) * 1000 - self:upper(at))
end

function ServerClock:lower(now)
  return self.minimum - math.abs(now - self.minimumAt) * self.drift
end

function ServerClock:upper(now)
  return self.maximum + math.abs(now - self.maximumAt) * self.drift
end

function ServerClock:set(minimum, maximum, now, versions)
  self.version = self.version + versions
  self.minimum, self.minimumAt, self.maximum, self.maximumAt = minimum, now, maximum, now
end

return ServerClock
`
)
