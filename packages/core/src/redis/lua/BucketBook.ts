/** `admission/BucketBook`: units in flight, and a debt that jumps at each answer and leaks always. */
import { luaModule } from "./Prelude.ts"

export const bucketBook = luaModule(
  "BucketBook",
  /* lua */ `
local BucketBook = class(need("Book"))

function BucketBook:openKind(saved)
  self.debt, self.leakedAt = unpack(saved or { 0, -huge })
  self.interval = self.cooling - self.quota.slackMillis
end

function BucketBook:saveKind()
  return { self.debt, self.leakedAt }
end

function BucketBook:occupied()
  return self.inFlight + ceil(self.debt / self.interval) - self.foreign
end

function BucketBook:largest()
  return max(1, self.ceiling - (self.quota.step - 1))
end

function BucketBook:free()
  return max(0, floor(self:capacity(1) - self.inFlight - self.debt / self.interval))
end

function BucketBook:roomAt(units, now)
  local capacity, refill = self:capacity(units), self.quota.refill
  local excess = (self.inFlight + units - capacity) * self.interval + self.debt
  if excess <= 0 then return now end
  return now + ceil((self.inFlight + units <= capacity and excess or self.interval) / refill)
end

function BucketBook:nextFreeAt(now)
  return self.debt > 0 and now + ceil(min(self.debt, self.interval) / self.quota.refill) or now
end

function BucketBook:cool(units, answeredAt)
  self:expire(answeredAt)
  self.debt = max(self.debt, self.quota.slackMillis * self.quota.refill) + units * self.interval
end

function BucketBook:expire(now)
  if now <= self.leakedAt then return end
  self.debt = max(0, self.debt - (self.leakedAt == -huge and 0 or (now - self.leakedAt) * self.quota.refill))
  self.leakedAt = now
  self.foreign = min(self.foreign, ceil(self.debt / self.interval))
end

function BucketBook:cautioned()
  local interval = self.cooling - self.quota.slackMillis
  self.debt = ceil((self.debt * interval) / self.interval)
  self.interval = interval
end

function BucketBook:bookForeign(units, now)
  self:expire(now)
  self.debt = self.debt + units * self.interval
  self.foreign = self.foreign + units
end

function BucketBook:capacity(units)
  local largest = self:largest()
  return units <= largest and max(self.caution.limit - (self.quota.step - 1), units) or largest
end

return BucketBook
`
)
