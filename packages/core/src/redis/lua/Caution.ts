/** `admission/Caution`: what unexpected refusals teach, for a while. */
import { luaModule, record } from "./Prelude.ts"

export const caution = luaModule(
  "Caution",
  /* lua */ `
${record("caution", "limit extraMillis strikes noticedAt growsAt growEvery calmAt", "leastExtra mostExtra")}
local cut, steps, least, most, calmWindows, mostStrikes = 0.8, 20, 200, 10, 16, 10

local Caution
Caution = class({
  open = function(quota, saved)
    local caution = cautionOf(saved or { quota.limit, 0, 0, -huge, huge, 0, huge })
    caution.leastExtra = ceil(quota.windowMillis / least)
    caution.mostExtra = floor(quota.windowMillis / most)
    return setmetatable(caution, Caution)
  end,

  save = function(self, quota)
    return (self.noticedAt ~= -huge or self.limit ~= quota.limit) and cautionValues(self)
  end,

  -- Takes in a refusal of what was sent at sentAt; gives whether it tells anything new.
  refused = function(self, sentAt, now, closedUntil, cooling)
    if sentAt <= self.noticedAt then return false end
    self.noticedAt = now
    self.strikes = min(self.strikes + 1, mostStrikes)
    self.limit = max(1, floor(self.limit * cut))
    self.growEvery = cooling * 2 ^ (self.strikes - 1)
    self.growsAt = closedUntil + self.growEvery
    self.calmAt = closedUntil + self:calm(cooling)
    self.extraMillis = min(max(2 * self.extraMillis, now - sentAt + 1, self.leastExtra), self.mostExtra)
    return true
  end,

  -- A closure ended early: the limit grows from now on.
  reopened = function(self, now, cooling)
    self.growsAt = min(self.growsAt, now + cooling)
  end,

  -- The provider promises another number now.
  adopt = function(self, ceiling, before)
    if self.limit == before or ceiling < self.limit then self.limit = ceiling end
  end,

  -- Lets time pass; gives whether anything changed.
  advance = function(self, now, ceiling, cooling)
    if now < self.growsAt and now < self.calmAt then return false end
    while now >= self.growsAt do
      self.limit = min(ceiling, self.limit + ceil(ceiling / steps))
      self.growEvery = max(cooling, self.growEvery / 2)
      self.growsAt = self.limit < ceiling and self.growsAt + self.growEvery or huge
    end
    while now >= self.calmAt do
      if self.extraMillis == 0 then self.strikes = self.strikes - 1 end
      self.extraMillis = self.extraMillis > self.leastExtra and floor(self.extraMillis / 2) or 0
      self.calmAt = self.strikes == 0 and huge or self.calmAt + self:calm(cooling)
    end
    return true
  end,

  calm = function(self, cooling)
    return cooling * calmWindows * 2 ^ self.strikes
  end
})

return Caution
`
)
