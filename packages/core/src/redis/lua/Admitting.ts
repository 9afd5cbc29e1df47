/** `Admission.admit`: every slot of a claim or none, up to so many times over as one lease. */
import { luaModule } from "./Prelude.ts"

export const admitting = luaModule(
  "Admitting",
  /* lua */ `
-- Who is called to its turn waits for this part of a window more, and finds what became free meanwhile.
local gathering, longestGathering = 64, 1000
-- Who came so much later than the first of the others goes before it, to make less calls: this part of a window.
local tolerancePart, mostTolerance = 8, 1000
-- So many are called at once, at most.
local mostAtOnce = 32
-- A place is by priority first, then by when its first call began to wait.
local byPriority, mostPriority = 2 ^ 41, 1000

-- What holds the claim back: the answer's tag, the need, and until when (or how much there is at most); nothing if it may go.
local function obstacle(members, needs, isAdvanced)
  local longest, blocker, blockedUntil = 0, nil, nil
  for i, book in ipairs(members) do
    local now, cost, reserved = book.desk.asked, needs[i][2], needs[i][3]
    local largest = book:largest()
    if cost > largest then return "Never", i, largest end
    if not isAdvanced then book:advance(now) end
    local shutUntil = book.gate:shutUntil(now)
    if shutUntil then return "Shut", i, shutUntil end
    local at = book:earliest(cost + min(reserved, largest), now)
    if at - now > longest then longest, blocker, blockedUntil = at - now, i, at end
  end
  if blocker then return "Wait", blocker, blockedUntil end
end

-- How many may go at once, as far as it is plain: where nothing depends on the one before, a half of them, or of that, and so on.
local function plainRoom(members, needs, most)
  for i, book in ipairs(members) do
    if book.gate.width ~= huge or book:paceInterval() > 0 or book.gate:shutUntil(book.desk.asked) then return 0 end
    book:advance(book.desk.asked)
  end
  local slots = most
  while slots > 1 do
    local fits = true
    for i, book in ipairs(members) do
      local units = slots * needs[i][2] + needs[i][3] + (book.slots or 0)
      local inForce = min(book.caution.limit, book:largest()) - (book.quota.step - 1)
      fits = fits and units <= inForce and book:earliest(units, book.desk.asked) <= book.desk.asked
    end
    if fits then return slots end
    slots = floor(slots / 2)
  end
  return 0
end

local function said(tag, i, at, now, askAt, turn)
  local answer = tag .. " " .. i - 1 .. " " .. exact(at) .. " " .. exact(at - now)
  return askAt and answer .. " " .. exact(askAt - now) .. " " .. whole(turn) or answer
end

-- When one that has to wait for several slots asks for them: so late that some more are free by then.
local function gathered(book, at, now)
  if at == huge or at <= now then return at end
  return at + min(longestGathering, floor(book.quota.windowMillis / gathering))
end

-- Leaves the lines of all these books but one.
local function leaveLines(members, place, but)
  for i, book in ipairs(members) do
    if i ~= but then book.line:leave(place[i]) end
  end
end

-- Since when the one waits before whom there are so many of the slots' waiters, who came at these instants.
local function sinceOf(since, slots, before)
  local place = slots == 1 and 1 or 1 + before * (#since - 1) / (slots - 1)
  local low = min(#since, floor(place))
  local high = min(#since, low + 1)
  return since[low] + (since[high] - since[low]) * (place - low)
end

-- How many of the slots may go at once where others wait: to all that came before those, and a fair share to all that came
-- little later.
local function shareOf(members, needs, slots, place, since)
  local share = slots
  for i, book in ipairs(members) do
    local others, next = book.line:others(place[i])
    if others > 0 then
      local fair = floor(book.caution.limit / needs[i][2] / (1 + others))
      local tolerance = min(mostTolerance, book.quota.windowMillis / tolerancePart)
      local taken = 1
      while taken < slots do
        local came = sinceOf(since, slots, taken)
        if came >= next and (taken >= fair or came > next + tolerance) then break end
        taken = taken + 1
      end
      share = min(share, taken)
    end
  end
  return share
end

local function tell(place, prefix, afterMillis, turn)
  local worker, pool = place:match("^(.-)/(.-)#")
  redis.call("PUBLISH", prefix .. ":turn:" .. worker, pool .. " " .. exact(afterMillis) .. " " .. whole(turn))
end

-- Calls the first of a line to its turn, if it does not know of it, or would come too late; and where there is room for
-- the fair shares of more than one, those behind it as well, so that they need not wait for each other's way.
local function callNext(book, prefix)
  local line, now = book.line, book.desk.asked
  if line.size == 0 then return end
  book:advance(now)
  local cost = max(min(tonumber(line.head:match("#(.*)$")), book:largest()), line.units)
  local at = book:earliest(cost, now)
  if not line:isUnaware(at, now) then return end
  local wasCalled = line:isAlong(line.head, line.headSince)
  local askAt = line:call(at, wasCalled and now or gathered(book, at, now), now)
  if wasCalled then return end
  tell(line.head, prefix, askAt - now, line.turn)
  if at > now or book.gate.width ~= huge or book:paceInterval() > 0 then return end
  local fair = max(1, floor(book.caution.limit / cost / line.size))
  local most = min(mostAtOnce, floor(book:free(now) / (fair * cost)))
  if most < 2 then return end
  for _, place in ipairs(line:callAlong(most - 1)) do tell(place, prefix, 0, line.turn) end
end

-- What is said of a turn in one line is later than all that was said in those of the claim's other quotas.
local function numberAfter(members, line)
  for _, book in ipairs(members) do line.turn = max(line.turn, book.line.turn) end
end

-- When one that is not the first looks for itself: after the first, which is called before that.
local function looksAfter(members, book, place, prefix)
  numberAfter(members, book.line)
  if prefix then callNext(book, prefix) end
  return book.line:looksAfter(place, book.desk.asked)
end

local Admitting
Admitting = class({
  callNext = callNext,

  -- The terms of a new lease are how many slots are wanted and for how long they may be sent, and of each need its book, its
  -- cost, and what others of this worker's keep of it. Standing is the worker's place among those who wait: its name, their
  -- priority, and how long they have waited. A name that is known already has been answered before.
  admit = function(lease, terms, standing, books, abandonMillis, prefix)
    local slots, ttl, needs = unpack(terms)
    local members = {}
    for i, need in ipairs(needs) do
      members[i] = books[need[1]]
      if members[i].differs then return "Differs " .. i - 1 end
      members[i]:reap(members[i].desk.asked)
    end
    local known = members[1].holds:find(lease)
    if known then return "Admitted " .. #known.slots end

    local place, since, most = {}, {}, slots
    if standing then
      local now = members[1].desk.asked
      local rank = byPriority * max(-mostPriority, min(mostPriority, standing[2]))
      for i, waited in ipairs(standing[3]) do since[i] = now - waited - rank end
      for i in ipairs(members) do place[i] = standing[1] .. "#" .. exact(needs[i][2]) end
      for i, book in ipairs(members) do
        if book.line:precedes(place[i], since[1], now) then
          book:advance(now)
          leaveLines(members, place, i)
          book.line:join(place[i], since[1])
          local cost = min(needs[i][2], book:largest())
          local at, askAt = book:earliest(cost, now), looksAfter(members, book, place[i], prefix)
          return said("Wait", i, at, now, askAt, book.line.turn)
        end
      end
      most = shareOf(members, needs, slots, place, since)
    end

    local tag, blocker, at
    local taken = most > 1 and plainRoom(members, needs, most) or 0
    if taken > 0 then
      for i, book in ipairs(members) do book:take(taken * needs[i][2], book.desk.asked) end
    end
    while taken < most do
      tag, blocker, at = obstacle(members, needs, taken > 0)
      if tag then break end
      for i, book in ipairs(members) do book:take(needs[i][2], book.desk.asked) end
      taken = taken + 1
    end
    if taken > 0 then
      local states = string.rep("h", taken)
      for i, book in ipairs(members) do
        local now = book.desk.asked
        book.holds:add(lease, states, needs[i][2], now, ttl and now + ttl + abandonMillis or huge, book:ownBase())
      end
    end
    -- Who was called along finds nothing any more.
    if tag then members[blocker].line.alongSince = -huge end
    local granted = "Admitted " .. taken
    if taken == slots or (tag and tag ~= "Wait") or not standing then
      if standing then leaveLines(members, place) end
      return taken > 0 and granted or said(tag, blocker, at, members[blocker].desk.asked)
    end

    -- The rest waits where it is held up, or where others wait for what was left to them.
    for i, book in ipairs(members) do
      if not blocker and book.line.size > 0 then blocker = i end
    end
    local book = members[blocker]
    local line, now = book.line, book.desk.asked
    leaveLines(members, place, blocker)
    line:join(place[blocker], max(sinceOf(since, slots, taken), line.alongSince + 1))
    local askAt
    if line.head ~= place[blocker] then
      askAt = looksAfter(members, book, place[blocker], prefix)
    else
      at = at or now
      numberAfter(members, line)
      -- Room for less, where others of its worker keep some, is no reason to call it.
      line.units = needs[blocker][2] + min(needs[blocker][3], book:largest())
      askAt = line:call(at, slots - taken > 1 and gathered(book, at, now) or at, now)
    end
    local answer = said("Wait", blocker, at or now, now, askAt, line.turn)
    return taken > 0 and granted .. " " .. answer or answer
  end,

  -- Takes a worker's place out of the lines of all needs.
  leave = function(name, needs, books)
    for _, need in ipairs(needs) do books[need[1]].line:leave(name .. "#" .. exact(need[2])) end
  end
})

return Admitting
`
)
