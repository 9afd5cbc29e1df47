/**
 * `admission/Book`: the books of one quota, opened from what Redis keeps of them and saved to it again.
 *
 * What follows from the quota and from what refusals taught (the cooling, the distance of an even pace) is not kept. What
 * is in flight is kept a second time, lease by lease, in `Holds`.
 */
import { luaModule, packed, record } from "./Prelude.ts"

/** Fields of a book that are made from others whenever it is opened. */
const room =
  "quota text keys desk differs dead abandonMillis gate pace caution holds line abandoned baseCooling cooling log foreignLog quantum phase slots window debt leakedAt interval"

export const book = luaModule(
  "Book",
  /* lua */ `
local AnswerLog, Gate, Pace = need("AnswerLog"), need("Gate"), need("Pace")
local Caution, Holds, Line = need("Caution"), need("Holds"), need("Line")
${record("quota", "kind limit windowMillis refill step phase countsRefused countsOnArrival penaltyMillis pacing slowRemaining slowAlways slackMillis releaseLagMillis latencyFloorMillis rateMargin assumed published")}
${packed("book", "ceiling inFlight foreign booked refused acceptedAt latencyMinimum latencyPrevious latencySamples seenAt livesUntil", room)}
local kinds = {
  rolling = "WindowBook", fixed = "WindowBook", slidingCounter = "SlidingBook", unknown = "SlidingBook",
  tokenBucket = "BucketBook", idleReset = "IdleResetBook", concurrency = "ConcurrencyBook", unpublished = "UnpublishedBook"
}
local creditSamples, floorWindow = 100, 1000
-- Beyond what its promise needs, a book is kept for a minute; what was learned of a limit for a day, and nothing for more than a year.
local spareMillis, learnedMillis, longestMillis = 60000, 86400000, 366 * 86400000

local quotaOfText = memoised(function(text) return quotaOf(cjson.decode(text)) end)
local take, put = shelf()

local Book
Book = class({
  -- The keys from the first on are those of the books, the answers, the foreign units, the abandoned units, the holds and the
  -- line.
  open = function(desk, keys, first, text, saved, abandonMillis)
    local book = saved and take(keys[first], saved) or Book.read({ unpack(keys, first, first + 5) }, text, saved)
    book.desk, book.abandonMillis = desk, abandonMillis
    -- A counter has one quota: books that count another are settled by their own, and admit nothing.
    book.differs = book.text ~= text
    return book
  end,

  read = function(keys, text, saved)
    local values = saved and cmsgpack.unpack(saved) or {}
    local known, own, gate, pace, caution, holds, abandoned, line = unpack(values)
    local quota = quotaOfText(known or text)
    local book = own and bookFrom(own) or bookOf({ quota.limit, 0, 0, 0, 0, -huge, huge, huge, 0, -huge, -huge })
    setmetatable(book, need(kinds[quota.kind]))
    book.quota, book.text, book.keys, book.dead = quota, known or text, keys, {}
    book.gate, book.pace, book.caution = Gate.open(gate), Pace.open(pace), Caution.open(quota, caution)
    book.baseCooling = ceil(quota.windowMillis * (1 + quota.rateMargin)) + quota.slackMillis
    book.cooling = book.baseCooling + book.caution.extraMillis
    book.holds = Holds.open(keys[5], holds)
    book.abandoned = AnswerLog.open(keys[4], abandoned, quota.limit)
    book.line = Line.open(keys[6], line)
    book:openKind(unpack(values, 9))
    return book
  end,

  save = function(self, now)
    if #self.dead > 0 then self:advance(self.desk.ended) end
    local wall, ttl = self.desk.rawAsked, self:ttl(now)
    local lives = self.livesUntil >= wall + ttl
    if not lives then self.livesUntil = wall + 2 * ttl end
    self.seenAt = now
    local saved = cmsgpack.pack({
      self.text, bookBytes(self), self.gate:save(), self.pace:save(), self.caution:save(self.quota),
      self.holds:save(wall, ttl), self.abandoned:save(wall, ttl), self.line:save(wall, ttl),
      self:saveKind(wall, ttl)
    })
    if lives then
      redis.call("SET", self.keys[1], saved, "KEEPTTL")
    else
      redis.call("SET", self.keys[1], saved, "PX", ceil(2 * ttl))
    end
    put(self.keys[1], saved, self)
    return ttl
  end,

  -- How long nothing of this may be forgotten, though nobody asks for it.
  ttl = function(self, now)
    local caution = self.caution
    local learned = self.ceiling ~= self.quota.limit and learnedMillis or 0
    local calm = caution.strikes > 0 and caution.calmAt - now or 0
    local doubted = self.isDoubted and self.doubtedUntil - now or 0
    local needed = max(0, self.gate.closedUntil - now, self.holds.latestDeadAt - now) + 2 * self.cooling + self.abandonMillis
    return min(max(needed, learned, calm, doubted) + spareMillis, longestMillis)
  end,

  limit = function(self)
    return self.caution.limit
  end,

  largest = function(self)
    return self.ceiling
  end,

  -- The limit for a claim of so many units: one that is larger than what a refusal left goes when all else has cooled.
  limitFor = function(self, units)
    return units <= self.ceiling and max(self.caution.limit, units) or self.ceiling
  end,

  paceInterval = function(self)
    local quota = self.quota
    if quota.pacing ~= "even" then return 0 end
    return self.cooling / (quota.kind == "tokenBucket" and quota.refill or self.caution.limit)
  end,

  -- Takes dead leases out of what is held, before anything is said of them; advance lets them cool.
  reap = function(self, now)
    for _, lease in ipairs(self.holds:takeDead(now)) do self.dead[#self.dead + 1] = lease end
  end,

  -- Takes the passing of time into account: first what died or was lost from sight, in the order of its instants.
  advance = function(self, now)
    local dead, lost = self.dead, self.abandoned
    while true do
      local lostAt = lost.oldestAt
      local deadAt = dead[1] and dead[1].deadAt or huge
      if min(lostAt, deadAt) > now then break end
      local at, units
      if deadAt <= lostAt then
        at, units = deadAt, table.remove(dead, 1).units
      else
        at, units = lost:shift()
      end
      self.inFlight = self.inFlight - units
      self:cool(units, at, 0)
    end
    self:expire(now)
    if self.caution:advance(now, self.ceiling, self.cooling) then self:heed(now) end
  end,

  -- The earliest instant for units, with everything considered: now if at once. Call advance first.
  earliest = function(self, units, now)
    local lost = self.abandoned
    local room = self.gate:passes(units, self.inFlight - lost.kept) and self:roomAt(units, now) or huge
    if room == huge then return min(lost.oldestAt, self.holds.deadAt) end
    local known = self.desk.lostAt + self.cooling + self.abandonMillis
    return max(known, self.gate:opensAt(now), self.pace:opensAt(now, self:paceInterval()), room)
  end,

  take = function(self, units, now)
    self.inFlight = self.inFlight + units
    self.booked = self.booked + units
    self.gate:passed(now)
    self.pace:passed(units, now, self:paceInterval())
  end,

  -- Gives units back that were never sent.
  giveBack = function(self, units)
    self.inFlight = self.inFlight - units
    self.booked = self.booked - units
  end,

  -- Takes in an answer, and for how long of its way the server says that it worked on the request.
  answered = function(self, units, latency, answeredAt, told, servedMillis)
    self.inFlight = self.inFlight - units
    local served = self:servedCredit(latency, servedMillis)
    self:cool(units, answeredAt - served, self:floorCredit(latency - served), told)
  end,

  -- Gives units back that the server did not count, though it answered.
  uncounted = function(self, units)
    self.inFlight = self.inFlight - units
  end,

  -- Holds units whose answer will never come until heldUntil; from then on they cool.
  abandon = function(self, units, heldUntil)
    self.abandoned:push(max(heldUntil, self.abandoned.newestAt), huge, units)
  end,

  -- Takes in what the server told of this quota; ownBase is what it was when the request was admitted.
  learn = function(self, told, ownBase, now)
    if told.limit then self:adopt(told.limit) end
    if not told.remaining then return end
    local quota = self.quota
    local published = told.limit or quota.published
    local used = max(0, published - told.remaining)
    local shareOfOthers = published - floor((published * quota.limit) / quota.published)
    local others = used - (ownBase + self.booked) - shareOfOthers - (quota.step - 1)
    if others > 0 then
      self.booked = self.booked + others
      self:bookForeign(others, now, told)
    end
    if quota.slowRemaining and told.remaining < quota.slowRemaining and (quota.slowAlways or self.foreign > 0) then
      self.pace:slow(told.remaining, now, min(told.resetBy or huge, now + self.cooling))
    end
  end,

  -- What our books explain of the server's count, as a base to which the units booked since are added.
  ownBase = function(self)
    return self:occupied() + self.foreign - self.booked
  end,

  -- A refusal although we had room: closes the quota, cuts its limit once an episode, and lets it grow back.
  refusedAt = function(self, now, sentAt, toldUntil, maxPause)
    self.refused = self.refused + 1
    local nextFreeAt = now < self.acceptedAt + self.cooling and self:nextFreeAt(now) or now
    local untilAt = toldUntil or max(now + self.gate:backoff(sentAt, maxPause), nextFreeAt)
    local closedUntil = max(now + self.quota.penaltyMillis, untilAt)
    self.gate:close(closedUntil, now, maxPause)
    self.latencySamples = 0
    if self.quota.kind == "unpublished" then return closedUntil end
    if self.caution:refused(sentAt, now, closedUntil, self.cooling) then self:heed(now) end
    return closedUntil
  end,

  succeeded = function(self, sentAt, now)
    self.acceptedAt = now
    if self.gate:succeeded(sentAt, now, self.caution.limit) then self.caution:reopened(now, self.cooling) end
  end,

  adopt = function(self, told)
    local quota = self.quota
    if quota.kind == "concurrency" or quota.kind == "unpublished" then return end
    local scaled = max(1, floor((told * quota.limit) / quota.published))
    local ceiling = quota.assumed and scaled or min(scaled, quota.limit)
    if ceiling == self.ceiling then return end
    self.caution:adopt(ceiling, self.ceiling)
    self.ceiling = ceiling
  end,

  -- Follows what refusals taught, or time let be forgotten.
  heed = function(self, now)
    local cooling = self.baseCooling + self.caution.extraMillis
    if cooling == self.cooling then return end
    self.cooling = cooling
    self:cautioned(now)
  end,

  cautioned = function(self) end,

  -- How long before its answer a request surely was counted that is counted on arrival.
  servedCredit = function(self, latency, servedMillis)
    self.latencySamples = self.latencySamples + 1
    if not self.quota.countsOnArrival or self.latencySamples < creditSamples then return 0 end
    return min(latency, floor(servedMillis * (1 - self.quota.rateMargin)))
  end,

  -- How much of the latency may be taken off the cooling.
  floorCredit = function(self, latency)
    if self.quota.latencyFloorMillis == 0 then return 0 end
    self.latencyMinimum = min(self.latencyMinimum, latency)
    if self.latencySamples % floorWindow == 0 then
      self.latencyPrevious = self.latencyMinimum
      self.latencyMinimum = huge
    end
    if self.latencySamples < creditSamples then return 0 end
    return min(self.quota.latencyFloorMillis, floor(min(self.latencyMinimum, self.latencyPrevious) / 2))
  end
})

return Book
`
)
