/** `admission/Pace`: spreads units evenly where a quota asks for it, or while the server says that little is left. */
import { luaModule } from "./Prelude.ts"

export const pace = luaModule(
  "Pace",
  /* lua */ `
local Pace = class()
local fields = { "nextAt", "slowInterval", "slowUntil" }

function Pace.open(saved)
  return restore(setmetatable({}, Pace), fields, saved or { -huge, 0, -huge })
end

function Pace:save()
  return (self.nextAt ~= -huge or self.slowUntil ~= -huge) and valuesOf(self, fields)
end

-- Spreads \`units\` over the time from \`now\` until \`untilAt\`.
function Pace:slow(units, now, untilAt)
  self.slowUntil = untilAt
  self.slowInterval = max(0, untilAt - now) / max(1, units)
end

function Pace:opensAt(now, interval)
  if interval == 0 and now >= self.slowUntil then return now end
  local at = ceil(self.nextAt)
  if now >= self.slowUntil or at < self.slowUntil then return max(at, now) end
  return self.slowUntil
end

-- A timer that wakes late may catch up by half an interval.
function Pace:passed(units, now, interval)
  if now < self.slowUntil then interval = max(self.slowInterval, interval) end
  if interval > 0 then self.nextAt = max(self.nextAt, now - interval / 2) + units * interval end
end

return Pace
`
)
