/** `admission/WindowBook` and its `Scout`: rolling logs, and fixed windows of which a known phase frees a slot earlier. */
import { luaModule, record } from "./Prelude.ts"

/** What is kept of a window beside its logs, where a phase or a doubt is. */
const fields =
  "clockVersion clockSteps resetFrom resetBy distrustedFrom distrustedUntil scoutedAt fullAt isDoubted doubtedUntil doubtMillis"

export const windowBook = luaModule(
  "WindowBook",
  /* lua */ `
local Sliding = need("SlidingBook")
${record("phase", fields)}
local scoutPart, narrowPart, doubtCost, wholeLog = 8, 10, 64, 2 ^ 24

local WindowBook
WindowBook = class({
  openKind = function(self, values, log, foreignLog)
    local quota = self.quota
    values = phaseOf(values or { 0, 0, -huge, -huge, huge, -huge, -huge, -huge, false, -huge, doubtCost * quota.limit * self.baseCooling })
    for field, value in pairs(values) do self[field] = value end
    self.window = self.baseCooling - quota.slackMillis
    self.phase = quota.kind == "fixed" and quota.phase or "unknown"
    self.slots = self.phase == "clock" and min(scoutPart, floor(quota.limit / scoutPart)) or 0
    self:openLogs(log, foreignLog, self.isDoubted and wholeLog)
  end,

  saveKind = function(self, wall, ttl)
    local isBlank = self.phase == "unknown" and self.doubtedUntil == -huge and self.distrustedUntil == -huge
    return not isBlank and phaseValues(self), self.log:save(wall, ttl), self.foreignLog:save(wall, ttl)
  end,

  free = function(self, now)
    if self.isDoubted then return Sliding.free(self, now) end
    return max(0, self.caution.limit - self.inFlight - self.log.busy)
  end,

  roomAt = function(self, units, now)
    if self.isDoubted then return Sliding.roomAt(self, units, now) end
    local missing = self.inFlight + self.log.busy + units - self:limitFor(units)
    if missing <= 0 then return missing + self.slots > 0 and self:scoutAt(now, missing) or now end
    self.fullAt = now
    if missing <= self.log.busy then return self.log:freesAt(missing) end
    if self.phase ~= "reset" or now < self.distrustedUntil then return self:freeAt(now, 0, nil, now) end
    return self.resetBy > now and self.resetBy or huge
  end,

  take = function(self, units, now)
    Sliding.take(self, units, now)
    if self.caution.limit - self.inFlight - self.log.busy < self.slots then self.scoutedAt = now end
  end,

  nextFreeAt = function(self, now)
    if self.isDoubted then return Sliding.nextFreeAt(self, now) end
    return self.log.busy > 0 and self.log.dueAt or now
  end,

  cool = function(self, units, answeredAt, creditMillis, told)
    local stamp = self:stampOf(answeredAt)
    local resetBy = self:trustedReset(told, answeredAt)
    if told and told.resetFrom and resetBy then self.log:hasten(told.resetFrom, resetBy) end
    self.log:push(stamp, self:freeAt(stamp, creditMillis, resetBy, answeredAt), units)
  end,

  expire = function(self, now)
    if self.isDoubted and now >= self.doubtedUntil then
      self.isDoubted = false
      self.log:readBy(self.log.page)
      self:reschedule(function(stamp) return stamp + self.cooling end)
    end
    if self.phase == "clock" then self:followClock(now) end
    Sliding.expire(self, now)
  end,

  refusedAt = function(self, now, sentAt, toldUntil, maxPause)
    local wasRolling = self.phase == "unknown" or (sentAt > self.distrustedFrom and sentAt < self.distrustedUntil)
    if wasRolling and not self.isDoubted then self:doubt(now) end
    self:distrust(now)
    local closedUntil = Sliding.refusedAt(self, now, sentAt, toldUntil, maxPause)
    self.distrustedUntil = max(self.doubtedUntil, now + self.cooling * 2 ^ (self.caution.strikes - 1))
    return closedUntil
  end,

  -- When units answered at stamp are free, as far as known at now.
  freeAt = function(self, stamp, creditMillis, resetBy, now)
    if self.isDoubted then return Sliding.freeAt(self, stamp) end
    local rolling = stamp + self.cooling - creditMillis
    if self.phase == "unknown" or now < self.distrustedUntil then return rolling end
    if self.phase == "reset" then return resetBy and min(rolling, max(stamp, resetBy)) or rolling end
    local clock = self.desk:clock()
    return clock:isKnown() and min(rolling, clock:boundaryAfter(stamp, self.quota.windowMillis)) or rolling
  end,

  cautioned = function(self, now)
    if self.phase ~= "unknown" and now >= self.distrustedUntil then return end
    self:reschedule(function(stamp, old) return max(old, self:freeAt(stamp, 0, nil, now)) end)
  end,

  -- When one of the last slots may be taken, or enough are free again not to touch those.
  scoutAt = function(self, now, missing)
    if now < self.distrustedUntil or now > self.fullAt + 2 * self.cooling then return now end
    local opensAt = self:scoutOpensAt(now)
    return opensAt == now and now or min(opensAt, self.log:freesAt(missing + self.slots))
  end,

  scoutOpensAt = function(self, now)
    local clock = self.desk:clock()
    if not clock:isKnown() then return now end
    local width = clock:width(now)
    if width <= max(self.quota.windowMillis / narrowPart, 3 * clock.latency) then return now end
    local way = clock.latency / 2
    return now + ceil(clock:turnAfter(max(0, self.scoutedAt - now + width / scoutPart) + way, now) - way)
  end,

  followClock = function(self, now)
    local clock = self.desk:clock()
    if clock.steps ~= self.clockSteps then
      self.clockSteps = clock.steps
      self:distrust(now)
    end
    if clock.version ~= self.clockVersion and now >= self.distrustedUntil then
      self.clockVersion = clock.version
      self:reschedule(function(stamp, old) return min(old, self:freeAt(stamp, 0, nil, now)) end)
    end
  end,

  -- Takes the server for one that weighs two windows, unless that would not explain what it refused either.
  doubt = function(self, now)
    local units = self.inFlight + self.log.kept + (self.quota.countsRefused and 0 or 1)
    if units <= self.ceiling then return end
    self.isDoubted = true
    self.log:readBy(wholeLog)
    self.doubtedUntil = now + self.doubtMillis
    self.doubtMillis = self.doubtMillis * 2
    self:reschedule(function(stamp) return self:freeAt(stamp) end)
  end,

  -- Falls back to the rolling rule over all answers of the last window, and trusts the phase again after another.
  distrust = function(self, now)
    if self.phase == "unknown" then return end
    if now >= self.distrustedUntil then self.distrustedFrom = now end
    self.distrustedUntil = max(self.doubtedUntil, now + self.cooling)
    self.resetFrom, self.resetBy = -huge, -huge
    self:reschedule(function(stamp) return self:freeAt(stamp, 0, nil, now) end)
  end,

  -- The told reset, unless it contradicts the last one: windows of one quota cannot end closer to each other than they last.
  trustedReset = function(self, told, answeredAt)
    if self.phase ~= "reset" or not (told and told.resetFrom and told.resetBy) then return nil end
    if answeredAt < self.distrustedUntil then return nil end
    local from, by = told.resetFrom, told.resetBy
    local window = self.quota.windowMillis
    local mayBeSame = from <= self.resetBy and self.resetFrom <= by
    local mayBeOther = by - self.resetFrom >= window or self.resetBy - from >= window
    if from > answeredAt + self.cooling or not (mayBeSame or mayBeOther) then
      self:distrust(answeredAt)
      return nil
    end
    if mayBeSame and not mayBeOther then
      self.resetFrom, self.resetBy = max(self.resetFrom, from), min(self.resetBy, by)
      return self.resetBy
    end
    if by > self.resetBy then self.resetFrom, self.resetBy = from, by end
    return by
  end
}, Sliding)

return WindowBook
`
)
