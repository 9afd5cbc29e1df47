/** `Admission.admit`: every slot of a claim or none, up to so many times over as one lease. */
import { luaModule } from "./Prelude.ts"

export const admitting = luaModule(
  "Admitting",
  /* lua */ `

-- What holds the claim back, as an answer; nothing if it may go.
local function obstacle(members, needs)
  local longest, blocker, blockedUntil = 0, nil, nil
  for i, book in ipairs(members) do
    local now, cost, reserved = book.desk.asked, needs[i][2], needs[i][3]
    local largest = book:largest()
    if cost > largest then return "Never " .. i - 1 .. " " .. whole(largest) end
    book:advance(now)
    local shutUntil = book.gate:shutUntil(now)
    if shutUntil then return "Shut " .. i - 1 .. " " .. exact(shutUntil) .. " " .. exact(shutUntil - now) end
    local at = book:earliest(cost + min(reserved, largest), now)
    if at - now > longest then longest, blocker, blockedUntil = at - now, i, at end
  end
  return blocker and "Wait " .. blocker - 1 .. " " .. exact(blockedUntil) .. " " .. exact(longest)
end

local Admitting
Admitting = class({
  -- The terms of a new lease are how many slots are wanted and for how long they may be sent, and of each need its book, its
  -- cost, and what others of this worker's keep of it. A name that is known already has been answered before.
  admit = function(lease, terms, books, abandonMillis)
    local slots, ttl, needs = unpack(terms)
    local members = {}
    for i, need in ipairs(needs) do
      members[i] = books[need[1]]
      if members[i].differs then return "Differs " .. i - 1 end
      members[i]:reap(members[i].desk.asked)
    end
    local known = members[1].holds:find(lease)
    if known then return "Admitted " .. #known.slots end
    local taken = 0
    while taken < slots do
      local answer = obstacle(members, needs)
      if answer and taken == 0 then return answer end
      if answer then break end
      for i, book in ipairs(members) do book:take(needs[i][2], book.desk.asked) end
      taken = taken + 1
    end
    for i, book in ipairs(members) do
      local now = book.desk.asked
      book.holds:add(lease, taken, needs[i][2], now, ttl and now + ttl + abandonMillis or huge, book:ownBase())
    end
    return "Admitted " .. taken
  end
})

return Admitting
`
)
