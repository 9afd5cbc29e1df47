/** `admission/SimpleBooks`: the kinds that need no log of answers. */
import { luaModule } from "./Prelude.ts"

const idleResetBook = luaModule(
  "IdleResetBook",
  /* lua */ `
local Book = need("Book")
local IdleResetBook = class(Book)

function IdleResetBook:openKind(saved)
  self.spent, self.lastAnswerAt = unpack(saved or { 0, -huge })
end

function IdleResetBook:saveKind()
  return { self.spent, self.lastAnswerAt }
end

function IdleResetBook:occupied()
  return self.spent - self.foreign
end

function IdleResetBook:free()
  return max(0, self.caution.limit - self.spent)
end

function IdleResetBook:take(units, now)
  Book.take(self, units, now)
  self.spent = self.spent + units
end

function IdleResetBook:giveBack(units)
  Book.giveBack(self, units)
  self.spent = self.spent - units
end

function IdleResetBook:uncounted(units)
  Book.uncounted(self, units)
  self.spent = self.spent - units
end

function IdleResetBook:roomAt(units, now)
  if self.spent + units <= self:limitFor(units) then return now end
  return (self.inFlight > 0 or self.spent == 0) and now + self.cooling or self.lastAnswerAt + self.cooling
end

function IdleResetBook:nextFreeAt(now)
  return max(now, self.lastAnswerAt + self.cooling)
end

function IdleResetBook:cool(_, answeredAt)
  self.lastAnswerAt = max(self.lastAnswerAt, answeredAt)
end

function IdleResetBook:expire(now)
  if self.inFlight == 0 and now >= self.lastAnswerAt + self.cooling then self.spent, self.foreign = 0, 0 end
end

function IdleResetBook:bookForeign(units, now)
  self.spent = self.spent + units
  self.foreign = self.foreign + units
  self.lastAnswerAt = max(self.lastAnswerAt, now)
end

return IdleResetBook
`
)

const concurrencyBook = luaModule(
  "ConcurrencyBook",
  /* lua */ `
local ConcurrencyBook = class(need("Book"))

function ConcurrencyBook:openKind(saved)
  self.releasing = need("AnswerLog").open(self.keys[2], saved and saved[1], self.quota.limit)
end

function ConcurrencyBook:saveKind(now, ttl)
  return { self.releasing:save(now, ttl) }
end

function ConcurrencyBook:occupied()
  return self.inFlight + self.releasing.busy
end

function ConcurrencyBook:free()
  return max(0, self.caution.limit - self:occupied())
end

function ConcurrencyBook:roomAt(units, now)
  local missing = self:occupied() + units - self:limitFor(units)
  return missing <= 0 and now or self.releasing:freesAt(missing)
end

function ConcurrencyBook:nextFreeAt(now)
  return now
end

function ConcurrencyBook:cool(units, answeredAt)
  if self.quota.releaseLagMillis == 0 then return end
  local stamp = max(answeredAt, self.releasing:newest())
  self.releasing:push(stamp, stamp + self.quota.releaseLagMillis, units)
end

function ConcurrencyBook:expire(now)
  self.releasing:expire(now, now - self.quota.releaseLagMillis)
end

function ConcurrencyBook:bookForeign() end

return ConcurrencyBook
`
)

const unpublishedBook = luaModule(
  "UnpublishedBook",
  /* lua */ `
local UnpublishedBook = class(need("Book"))

function UnpublishedBook:openKind() end

function UnpublishedBook:saveKind()
  return false
end

function UnpublishedBook:occupied()
  return self.inFlight
end

function UnpublishedBook:largest()
  return huge
end

function UnpublishedBook:free()
  return huge
end

function UnpublishedBook:roomAt(_, now)
  return now
end

function UnpublishedBook:nextFreeAt(now)
  return now
end

function UnpublishedBook:cool() end
function UnpublishedBook:expire() end
function UnpublishedBook:bookForeign() end

return UnpublishedBook
`
)

export const simpleBooks = idleResetBook + concurrencyBook + unpublishedBook
