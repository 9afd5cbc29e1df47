/** `Admission.settle` and `Admission.release`: how slots of a lease end, and what the response said. */
import { luaModule } from "./Prelude.ts"

export const settling = luaModule(
  "Settling",
  /* lua */ `
local Told = need("Told")

-- Closes the quotas that the refusal names by their places, or all of the claim.
local function close(members, holds, signal, maxPause, endedAt, prefix)
  local longest, all = 30000, {}
  for i, book in ipairs(members) do
    longest, all[i] = max(longest, book.quota.windowMillis), i
  end
  local untilAt
  for _, i in ipairs(signal.closes or all) do
    local book = members[i]
    local now = book.desk.ended
    local at = endedAt(book)
    local toldUntil = signal.retry and Told.retryUntil(signal.retry, signal, book.desk:clock(), at, signal.wall or at) or nil
    local closedUntil = book:refusedAt(now, holds[i].admittedAt, toldUntil, maxPause or 2 * longest)
    untilAt = max(untilAt or now, closedUntil)
    if prefix then redis.call("PUBLISH", prefix .. ":closed", exact(closedUntil - now) .. " " .. book.keys[1]) end
  end
  return exact(untilAt or members[1].desk.ended)
end

local Settling
Settling = class({
  -- Ends a lease's slot (0: all), with the way's length and how long ago it ended, as the worker measured them. The terms are the
  -- slot, the outcome, the books in the order of the needs, and the signal. What is not held any more changes nothing. A
  -- refusal gives until when it closes.
  settle = function(lease, latency, age, terms, books, call)
    local slot, outcome, needs, signal = unpack(terms)
    local abandonMillis = call.abandon
    local function endedAt(book)
      return book.desk.ended - age
    end
    local isLost = outcome == "unsent" or outcome == "abandoned"
    local members, holds, moved, any = {}, {}, {}, false
    for i, need in ipairs(needs) do
      local book = books[need]
      book:reap(book.desk.ended)
      local staysHeld = book.quota.kind == "concurrency" and not isLost
      members[i] = book
      holds[i], moved[i] = book.holds:move(lease, slot, "h", staysHeld and "a" or "e")
      any = any or moved[i] > 0
    end
    if not any then return "" end
    if signal.date and not isLost then
      local learned = {}
      for i, book in ipairs(members) do
        if holds[i] and not learned[book.desk] then
          learned[book.desk] = true
          book.desk:learn(signal.date, holds[i].admittedAt, max(holds[i].admittedAt, endedAt(book)))
        end
      end
    end
    for i, book in ipairs(members) do
      local hold, now = holds[i], book.desk.ended
      if moved[i] > 0 then
        local units, sentAt = hold.units * moved[i], hold.admittedAt
        local at = max(sentAt, endedAt(book))
        book:advance(now)
        local reading = not isLost and signal.readings and signal.readings[i]
        local told = reading and Told.of(reading, signal, book, book.desk:clock(), sentAt, at, signal.wall or at) or nil
        if outcome == "unsent" then
          book:giveBack(units)
        elseif outcome == "abandoned" then
          book:abandon(units, at + abandonMillis)
        elseif outcome == "answered" then
          book:succeeded(sentAt, now)
        end
        if not isLost and book.quota.kind ~= "concurrency" then
          if outcome == "refused" and not book.quota.countsRefused then
            book:uncounted(units)
          else
            book:answered(units, latency or at - sentAt, at, told, signal.served or 0)
          end
          if told then book:learn(told, hold.ownBase, now) end
        end
      else
        holds[i] = hold or { admittedAt = now }
      end
    end
    return outcome == "refused" and close(members, holds, signal, call.maxPause, endedAt, call.prefix) or ""
  end,

  -- Lets a lease live for so long from now on, and die accordingly later. One that is not known, or not any more, is taken as it
  -- is: its slots are in flight.
  renew = function(lease, states, terms, books, abandonMillis)
    local ttl, needs = unpack(terms)
    for _, need in ipairs(needs) do
      local book, cost = books[need[1]], need[2]
      local now = book.desk.asked
      local deadAt = now + ttl + abandonMillis
      book:reap(now)
      if not book.holds:renew(lease, deadAt) then
        local _, open = states:gsub("[ha]", "")
        book:take(cost * open, now)
        book.holds:add(lease, states, cost, now, deadAt, book:ownBase())
      end
    end
  end,

  -- Ends the response of an answered slot; a body that was cut off may still keep the server busy.
  release = function(lease, terms, books, abandonMillis)
    local slot, ending, needs = unpack(terms)
    for _, need in ipairs(needs) do
      local book = books[need]
      local now = book.desk.ended
      book:reap(now)
      local hold, moved = book.holds:move(lease, slot, "a", "e")
      if moved > 0 then
        book:advance(now)
        if ending == "cut" then
          book:abandon(hold.units * moved, now + abandonMillis)
        else
          book:answered(hold.units * moved, now - hold.admittedAt, now, nil, 0)
        end
      end
    end
  end
})

return Settling
`
)
