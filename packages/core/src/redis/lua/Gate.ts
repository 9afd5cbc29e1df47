/** `admission/Gate`: whether a quota is open at all, and how far. */
import { luaModule, record } from "./Prelude.ts"

export const gate = luaModule(
  "Gate",
  /* lua */ `
${record("gate", "closedAt closedUntil isShut probeAt probeEvery width fallback")}
local fresh = { -huge, -huge, false, -huge, 0, huge, 0 }

local Gate
Gate = class({
  open = function(saved)
    return setmetatable(gateOf(saved or fresh), Gate)
  end,

  save = function(self)
    return self.closedAt ~= -huge and gateValues(self)
  end,

  opensAt = function(self, now)
    if self.isShut then return min(self.closedUntil, self.probeAt) end
    return max(self.closedUntil, now)
  end,

  shutUntil = function(self, now)
    return self.isShut and now < self.closedUntil and now < self.probeAt and self.closedUntil
  end,

  passes = function(self, units, inFlight)
    return inFlight == 0 or inFlight + units <= self.width
  end,

  -- Something was let through, which a shut gate takes for its probe.
  passed = function(self, now)
    if not self.isShut then return end
    if now < self.closedUntil then self.probeAt = now + self.probeEvery else self.isShut = false end
  end,

  -- Closes until the instant that was told; it is never shortened by a later, smaller one.
  close = function(self, untilAt, now, maxPause)
    self.closedAt = now
    self.closedUntil = max(self.closedUntil, untilAt)
    self.width = 1
    if self.closedUntil - now > maxPause then
      self.isShut, self.probeEvery, self.probeAt = true, maxPause, now + maxPause
    end
  end,

  -- How long to wait where nothing was told. Ask before close.
  backoff = function(self, sentAt, ceiling)
    if self.fallback == 0 then
      self.fallback = 1000
    elseif sentAt > self.closedAt then
      self.fallback = self.fallback * 2
    end
    self.fallback = min(ceiling, self.fallback)
    return self.fallback
  end,

  -- Opens wider after a success. A probe's success ends the closure: then it gives true.
  succeeded = function(self, sentAt, now, limit)
    if sentAt <= self.closedAt then return false end
    self.fallback = 0
    local endsClosure = self.isShut and now < self.closedUntil
    if endsClosure then self.closedUntil = now end
    self.isShut = false
    if self.width ~= huge then
      self.width = self.width + 1
      if self.width >= limit then self.width = huge end
    end
    return endsClosure
  end
})

return Gate
`
)
