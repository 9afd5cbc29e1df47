/** `admission/Pace`: spreads units evenly where a quota asks for it, or while the server says that little is left. */
import { luaModule, record } from "./Prelude.ts"

export const pace = luaModule(
  "Pace",
  /* lua */ `
${record("pace", "nextAt slowInterval slowUntil")}

local Pace
Pace = class({
  open = function(saved)
    return setmetatable(paceOf(saved or { -huge, 0, -huge }), Pace)
  end,

  save = function(self)
    return (self.nextAt ~= -huge or self.slowUntil ~= -huge) and paceValues(self)
  end,

  -- Spreads units over the time from now until untilAt.
  slow = function(self, units, now, untilAt)
    self.slowUntil = untilAt
    self.slowInterval = max(0, untilAt - now) / max(1, units)
  end,

  opensAt = function(self, now, interval)
    if interval == 0 and now >= self.slowUntil then return now end
    local at = ceil(self.nextAt)
    if now >= self.slowUntil or at < self.slowUntil then return max(at, now) end
    return self.slowUntil
  end,

  -- A timer that wakes late may catch up by half an interval.
  passed = function(self, units, now, interval)
    if now < self.slowUntil then interval = max(self.slowInterval, interval) end
    if interval > 0 then self.nextAt = max(self.nextAt, now - interval / 2) + units * interval end
  end
})

return Pace
`
)
