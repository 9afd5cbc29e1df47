/**
 * What the books of one hash tag share: what time it is, and what is known of the server's clock.
 *
 * Redis TIME is the only clock. A step back is waited out, book by book; a step forward is found out by workers, who
 * compare it with their own monotonic clocks, and is booked as a skew that is taken off from then on.
 *
 * What another process wrote may lack its last writes (a restart, a failover), and what a worker knows of and is not there was
 * lost: from then on the books are closed until whatever they do not know of has cooled.
 */
import { luaModule, record } from "./Prelude.ts"

export const desk = luaModule(
  "Desk",
  /* lua */ `
${record("desk", "skew stepFrom stepTo stepMillis livesUntil server lostAt", "key rawAsked rounding saved savedClock opened changed isLost asked ended ttl")}

local blank = { 0, -huge, -huge, 0, -huge, "", -huge }
local take, put = shelf()

local Desk
Desk = class({
  open = function(key, saved, asked, ended)
    local desk = take(key, saved) or Desk.read(key, saved)
    desk.rawAsked, desk.rounding = asked, ended - asked
    desk.asked, desk.ended, desk.ttl, desk.changed = false, false, 0, false
    return desk
  end,

  read = function(key, saved)
    local own, clock
    if saved then own, clock = unpack(cmsgpack.unpack(saved)) end
    local desk = deskOf(own or blank)
    desk.key, desk.saved, desk.savedClock = key, saved, clock
    return setmetatable(desk, Desk)
  end,

  -- Meets the process that it is in now. What is known to a worker has been there a short while ago.
  meet = function(self, server, isKnown)
    local isAnother = self.server ~= server and self.server ~= "" and server ~= ""
    if isAnother or (isKnown and not self.saved) then self.isLost = true end
    if self.server ~= server and server ~= "" then self.server, self.changed = server, true end
  end,

  -- Once all books have told when they were looked at last: another process's time goes on from there.
  settle = function(self)
    if not self.isLost then return end
    self.skew = min(self.skew, self.rawAsked - self.asked)
    self.lostAt, self.isLost, self.changed = self.asked, false, true
  end,

  -- Books a step of TIME that a worker found out between two of its calls; what several found out is booked once. One
  -- that is longer than anything cools for is no longer worth waiting out.
  stepped = function(self, from, to, excess, bound)
    if excess > bound and from >= self.stepTo then
      self.stepFrom, self.stepTo, self.stepMillis = from, to, excess
      self.isLost = true
    elseif from < self.stepTo then
      self.skew = self.skew + max(0, excess - self.stepMillis)
      self.stepTo, self.stepMillis = max(self.stepTo, to), max(self.stepMillis, excess)
    else
      self.skew = self.skew + excess
      self.stepFrom, self.stepTo, self.stepMillis = from, to, excess
    end
    self.changed = true
  end,

  -- What time it is for books that were last looked at then: rounded down for a question, up for an answer.
  tell = function(self, seenAt)
    self.asked = max(self.asked or self.rawAsked - self.skew, seenAt)
    self.ended = self.asked + self.rounding
  end,

  clock = function(self)
    if not self.opened then self.opened = need("ServerClock").open(self.savedClock) end
    return self.opened
  end,

  learn = function(self, dateMillis, sentAt, answeredAt)
    self:clock():learn(dateMillis, sentAt, answeredAt)
    self.changed = true
  end,

  -- A desk outlives its books: without the skew their instants would be void.
  save = function(self, ttl)
    if self.changed or self.livesUntil < self.rawAsked + ttl then
      self.livesUntil = self.rawAsked + 2 * ttl
      self.savedClock = self.opened and self.opened:save() or self.savedClock or false
      self.saved = cmsgpack.pack({ deskValues(self), self.savedClock })
      redis.call("SET", self.key, self.saved, "PX", ceil(2 * ttl))
    end
    put(self.key, self.saved, self)
  end
})

return Desk
`
)
