/** `admission/Told`: instants of a server's, by Redis's clock, and never too early. */
import { luaModule } from "./Prelude.ts"

export const told = luaModule(
  "Told",
  /* lua */ `
local longestMillis = 366 * 24 * 3600000

-- A server's instant: from the response's own Date, else from what was learned, else from the worker's wall clock.
local function afterOf(millis, signal, clock, now, wall)
  if signal.date then return now + (millis - signal.date) end
  if clock:isKnown() then return clock:latest(millis, now) end
  return now + (millis - wall)
end

-- Between which instants a reset lies; nothing where the server's clock is not known and a slot depends on it.
local function boundsOf(reset, signal, quota, clock, sentAt, now, wall)
  local kind, millis, tolerance = unpack(reset)
  local from, by
  if kind == "after" then
    local drift = (millis + tolerance) * quota.rateMargin
    return sentAt + floor(millis - drift - tolerance), now + ceil(millis + drift + tolerance)
  elseif clock:isKnown() then
    from, by = clock:earliest(millis, now), clock:latest(millis, now)
  elseif quota.phase == "reset" then
    return nil
  else
    from = afterOf(millis, signal, clock, now, wall)
    by = from
  end
  return floor(from - tolerance), ceil(by + tolerance)
end

local Told
Told = class({
  -- The instant until which a refusal closes, or nothing if it is past.
  retryUntil = function(retry, signal, clock, now, wall)
    local kind, millis, tolerance = unpack(retry)
    local after = kind == "after" and millis or afterOf(millis, signal, clock, now, wall) - now
    if not (after > 0) then return nil end
    return now + min(longestMillis, ceil(after + tolerance))
  end,

  -- What a reading says of one book.
  of = function(reading, signal, book, clock, sentAt, now, wall)
    local limit, remaining, reset = unpack(reading)
    local told = { limit = limit, remaining = remaining }
    if reset then
      local from, by = boundsOf(reset, signal, book.quota, clock, sentAt, now, wall)
      if by and by > sentAt then told.resetFrom, told.resetBy = from, min(by, now + longestMillis) end
    end
    return told
  end
})

return Told
`
)
