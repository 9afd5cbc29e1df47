/**
 * What is in flight, lease by lease: units of one quota that a worker was granted, until they are settled or their lease is dead.
 *
 * A hash by the lease's name. A lease has one slot or several, each in one of three states: held, answered (its body is
 * still to be read) and ended, so that whatever is said of it twice is done once. It is dead so long after its grant that
 * whatever was sent within its fence has surely been counted, or never will be.
 */
import { luaModule, packed } from "./Prelude.ts"

export const holds = luaModule(
  "Holds",
  /* lua */ `
${packed("holds", "count deadAt latestDeadAt livesUntil", "key opened changed")}
${packed("hold", "units admittedAt deadAt ownBase slots:s")}
local none = {}

local Holds
Holds = class({
  open = function(key, saved)
    local holds = saved and holdsFrom(saved) or holdsOf({ 0, huge, -huge, -huge })
    holds.key, holds.opened, holds.changed = key, {}, false
    return setmetatable(holds, Holds)
  end,

  save = function(self, wall, ttl)
    self:write()
    self.opened = {}
    if self.latestDeadAt == -huge then return false end
    if self.count > 0 and self.livesUntil < wall + ttl then
      redis.call("PEXPIRE", self.key, whole(2 * ttl))
      self.livesUntil = wall + 2 * ttl
    end
    return holdsBytes(self)
  end,

  -- Writes all that a call changed at once. What is new comes first: a hash that is emptied loses its expiry.
  write = function(self)
    if not self.changed then return end
    local kept, gone = {}, {}
    for lease in pairs(self.changed) do
      local hold = self.opened[lease]
      if hold then
        kept[#kept + 1] = lease
        kept[#kept + 1] = holdBytes(hold)
      else
        gone[#gone + 1] = lease
      end
    end
    if #kept > 0 then redis.call("HSET", self.key, unpack(kept)) end
    if #gone > 0 then redis.call("HDEL", self.key, unpack(gone)) end
    self.changed = false
  end,

  find = function(self, lease)
    local hold = self.opened[lease]
    if hold == nil then
      local bytes = self.count > 0 and redis.call("HGET", self.key, lease)
      hold = bytes and holdFrom(bytes) or false
      self.opened[lease] = hold
    end
    return hold or nil
  end,

  change = function(self, lease, hold)
    self.changed = self.changed or {}
    self.opened[lease], self.changed[lease] = hold, true
  end,

  -- Keeps a new lease of slots of units each, in these states.
  add = function(self, lease, slots, units, admittedAt, deadAt, ownBase)
    self:change(lease, { units = units, admittedAt = admittedAt, deadAt = deadAt, ownBase = ownBase, slots = slots })
    -- A hash that was empty is a new key, without an expiry.
    if self.count == 0 then self.livesUntil = -huge end
    self.count = self.count + 1
    self.deadAt = min(self.deadAt, deadAt)
    self.latestDeadAt = max(self.latestDeadAt, deadAt)
  end,

  -- Lets a lease live until then, if it is there.
  renew = function(self, lease, deadAt)
    local hold = self:find(lease)
    if not hold then return false end
    hold.deadAt = max(hold.deadAt, deadAt)
    self:change(lease, hold)
    self.latestDeadAt = max(self.latestDeadAt, deadAt)
    return true
  end,

  -- Takes a slot (0: all of them) from one state to another; gives the hold, and how many slots were in that state.
  move = function(self, lease, slot, from, to)
    local hold = self:find(lease)
    if not hold then return nil, 0 end
    local slots, moved = hold.slots, 0
    if slot == 0 then
      slots, moved = slots:gsub(from, to)
    elseif slots:sub(slot, slot) == from then
      slots, moved = slots:sub(1, slot - 1) .. to .. slots:sub(slot + 1), 1
    end
    if moved == 0 then return hold, 0 end
    hold.slots = slots
    if slots:find("[ha]") then
      self:change(lease, hold)
    else
      self:remove(lease)
    end
    return hold, moved
  end,

  -- Removes the leases that are dead and gives what is left of them, in the order of their deaths.
  takeDead = function(self, now)
    if now < self.deadAt then return none end
    local dead = {}
    self:write()
    self.deadAt = huge
    local all = redis.call("HGETALL", self.key)
    for i = 1, #all, 2 do
      local hold = holdFrom(all[i + 1])
      if hold.deadAt > now then
        self.deadAt = min(self.deadAt, hold.deadAt)
      else
        self:remove(all[i])
        local _, left = hold.slots:gsub("[ha]", "")
        dead[#dead + 1] = { deadAt = hold.deadAt, units = hold.units * left, lease = all[i] }
      end
    end
    table.sort(dead, function(a, b)
      if a.deadAt ~= b.deadAt then return a.deadAt < b.deadAt end
      return a.lease < b.lease
    end)
    return dead
  end,

  remove = function(self, lease)
    self:change(lease, false)
    self.count = self.count - 1
  end
})

return Holds
`
)
