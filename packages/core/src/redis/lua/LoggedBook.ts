/** `admission/LoggedBook`: what is ours and what is others' cools in one log, and others' is counted in a second. */
import { luaModule } from "./Prelude.ts"

export const loggedBook = luaModule(
  "LoggedBook",
  /* lua */ `
local AnswerLog = need("AnswerLog")
local exactLimit = 1000

local LoggedBook
LoggedBook = class({
  -- Answers are kept for two windows; larger quotas are logged in thousandths of one, each rounded to its end.
  openLogs = function(self, saved, foreignSaved, page)
    local quota = self.quota
    local bound = 2 * min(quota.limit, exactLimit + 2)
    self.quantum = quota.limit > exactLimit and max(1, ceil(quota.windowMillis / 1000)) or 1
    self.log = AnswerLog.open(self.keys[2], saved, bound, page)
    self.foreignLog = AnswerLog.open(self.keys[3], foreignSaved, bound)
  end,

  stampOf = function(self, answeredAt)
    local q = self.quantum
    return q == 1 and answeredAt or (floor(answeredAt / q) + 1) * q
  end,

  occupied = function(self)
    return self.inFlight + self.log.busy - self.foreignLog.busy
  end,

  nextFreeAt = function(self, now)
    return self.log.busy > 0 and self.log.dueAt or now
  end,

  bookForeign = function(self, units, now, told)
    local stamp = max(now, self.log.newestAt)
    local freeAt = self:freeAt(stamp, 0, told.resetBy, now)
    self.log:push(stamp, freeAt, units)
    self.foreignLog:push(stamp, freeAt, units)
    self.foreign = self.foreignLog.busy
  end,

  expireLogs = function(self, now, keepAfter)
    self.log:expire(now, keepAfter)
    if self.foreignLog.size > 0 then
      self.foreignLog:expire(now, keepAfter)
      self.foreign = self.foreignLog.busy
    end
  end,

  reschedule = function(self, freeAtOf)
    self.log:reschedule(freeAtOf)
    self.foreignLog:reschedule(freeAtOf)
  end
}, need("Book"))

return LoggedBook
`
)
