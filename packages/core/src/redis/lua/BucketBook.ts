/** `admission/BucketBook`: units in flight, and a debt that jumps at each answer and leaks always. */
import { luaModule } from "./Prelude.ts"

export const bucketBook = luaModule(
  "BucketBook",
  /* lua */ `

local BucketBook
BucketBook = class({
  openKind = function(self, debt, leakedAt)
    self.debt, self.leakedAt = debt or 0, leakedAt or -huge
    self.interval = self.cooling - self.quota.slackMillis
  end,

  saveKind = function(self)
    return self.debt, self.leakedAt
  end,

  occupied = function(self)
    return self.inFlight + ceil(self.debt / self.interval) - self.foreign
  end,

  largest = function(self)
    return max(1, self.ceiling - (self.quota.step - 1))
  end,

  free = function(self)
    return max(0, floor(self:capacity(1) - self.inFlight - self.debt / self.interval))
  end,

  roomAt = function(self, units, now)
    local capacity, refill = self:capacity(units), self.quota.refill
    local excess = (self.inFlight + units - capacity) * self.interval + self.debt
    if excess <= 0 then return now end
    return now + ceil((self.inFlight + units <= capacity and excess or self.interval) / refill)
  end,

  nextFreeAt = function(self, now)
    return self.debt > 0 and now + ceil(min(self.debt, self.interval) / self.quota.refill) or now
  end,

  cool = function(self, units, answeredAt)
    self:expire(answeredAt)
    self.debt = max(self.debt, self.quota.slackMillis * self.quota.refill) + units * self.interval
  end,

  expire = function(self, now)
    if now <= self.leakedAt then return end
    self.debt = max(0, self.debt - (self.leakedAt == -huge and 0 or (now - self.leakedAt) * self.quota.refill))
    self.leakedAt = now
    self.foreign = min(self.foreign, ceil(self.debt / self.interval))
  end,

  cautioned = function(self)
    local interval = self.cooling - self.quota.slackMillis
    self.debt = ceil((self.debt * interval) / self.interval)
    self.interval = interval
  end,

  bookForeign = function(self, units, now)
    self:expire(now)
    self.debt = self.debt + units * self.interval
    self.foreign = self.foreign + units
  end,

  capacity = function(self, units)
    local largest = self:largest()
    return units <= largest and max(self.caution.limit - (self.quota.step - 1), units) or largest
  end
}, need("Book"))

return BucketBook
`
)
