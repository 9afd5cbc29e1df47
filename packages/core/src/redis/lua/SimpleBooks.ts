/** `admission/SimpleBooks`: the kinds that need no log of answers. */
import { luaModule } from "./Prelude.ts"

const idleResetBook = luaModule(
  "IdleResetBook",
  /* lua */ `
local Book = need("Book")

local IdleResetBook
IdleResetBook = class({
  openKind = function(self, spent, lastAnswerAt)
    self.spent, self.lastAnswerAt = spent or 0, lastAnswerAt or -huge
  end,

  saveKind = function(self)
    return self.spent, self.lastAnswerAt
  end,

  occupied = function(self)
    return self.spent - self.foreign
  end,

  free = function(self)
    return max(0, self.caution.limit - self.spent)
  end,

  take = function(self, units, now)
    Book.take(self, units, now)
    self.spent = self.spent + units
  end,

  giveBack = function(self, units)
    Book.giveBack(self, units)
    self.spent = self.spent - units
  end,

  uncounted = function(self, units)
    Book.uncounted(self, units)
    self.spent = self.spent - units
  end,

  roomAt = function(self, units, now)
    if self.spent + units <= self:limitFor(units) then return now end
    return (self.inFlight > 0 or self.spent == 0) and now + self.cooling or self.lastAnswerAt + self.cooling
  end,

  nextFreeAt = function(self, now)
    return max(now, self.lastAnswerAt + self.cooling)
  end,

  cool = function(self, _, answeredAt)
    self.lastAnswerAt = max(self.lastAnswerAt, answeredAt)
  end,

  expire = function(self, now)
    if self.inFlight == 0 and now >= self.lastAnswerAt + self.cooling then self.spent, self.foreign = 0, 0 end
  end,

  bookForeign = function(self, units, now)
    self.spent = self.spent + units
    self.foreign = self.foreign + units
    self.lastAnswerAt = max(self.lastAnswerAt, now)
  end
}, Book)

return IdleResetBook
`
)

const concurrencyBook = luaModule(
  "ConcurrencyBook",
  /* lua */ `

local ConcurrencyBook
ConcurrencyBook = class({
  openKind = function(self, releasing)
    self.releasing = need("AnswerLog").open(self.keys[2], releasing, self.quota.limit)
  end,

  saveKind = function(self, wall, ttl)
    return self.releasing:save(wall, ttl)
  end,

  occupied = function(self)
    return self.inFlight + self.releasing.busy
  end,

  free = function(self)
    return max(0, self.caution.limit - self:occupied())
  end,

  roomAt = function(self, units, now)
    local missing = self:occupied() + units - self:limitFor(units)
    return missing <= 0 and now or self.releasing:freesAt(missing)
  end,

  nextFreeAt = function(self, now)
    return now
  end,

  cool = function(self, units, answeredAt)
    if self.quota.releaseLagMillis == 0 then return end
    local stamp = max(answeredAt, self.releasing.newestAt)
    self.releasing:push(stamp, stamp + self.quota.releaseLagMillis, units)
  end,

  expire = function(self, now)
    self.releasing:expire(now, now - self.quota.releaseLagMillis)
  end,

  bookForeign = function(self) end
}, need("Book"))

return ConcurrencyBook
`
)

const unpublishedBook = luaModule(
  "UnpublishedBook",
  /* lua */ `

local UnpublishedBook
UnpublishedBook = class({
  openKind = function(self) end,

  saveKind = function(self) end,

  occupied = function(self)
    return self.inFlight
  end,

  largest = function(self)
    return huge
  end,

  free = function(self)
    return huge
  end,

  roomAt = function(self, _, now)
    return now
  end,

  nextFreeAt = function(self, now)
    return now
  end,

  cool = function(self) end,

  expire = function(self) end,

  bookForeign = function(self) end
}, need("Book"))

return UnpublishedBook
`
)

export const simpleBooks = idleResetBook + concurrencyBook + unpublishedBook
