/**
 * The one script: what is dead is buried, what has ended is settled, and then what is wanted is admitted, in one atomic step.
 *
 * `KEYS` are the desks, and of each book six keys. `ARGV[1]` is the call as JSON, and then there is each book's quota.
 * The answer has a line for the time, for each end, for each want, and for each book if it is to be shown.
 */
import { admitting } from "./Admitting.ts"
import { answerLog } from "./AnswerLog.ts"
import { book } from "./Book.ts"
import { bucketBook } from "./BucketBook.ts"
import { caution } from "./Caution.ts"
import { desk } from "./Desk.ts"
import { gate } from "./Gate.ts"
import { holds } from "./Holds.ts"
import { line } from "./Line.ts"
import { loggedBook } from "./LoggedBook.ts"
import { pace } from "./Pace.ts"
import { prelude } from "./Prelude.ts"
import { serverClock } from "./ServerClock.ts"
import { settling } from "./Settling.ts"
import { simpleBooks } from "./SimpleBooks.ts"
import { slidingBook } from "./SlidingBook.ts"
import { told } from "./Told.ts"
import { windowBook } from "./WindowBook.ts"

const flow = /* lua */ `
local call = cjson.decode(ARGV[1])
local keysOfBook = 6

-- What time it is: for recorded vectors they say it themselves.
local asked, ended
if call.at then
  asked, ended = call.at, call.at
else
  local time = redis.call("TIME")
  local micros = time[1] * 1000000 + time[2]
  asked, ended = floor(micros / 1000), ceil(micros / 1000)
end

-- Everything is read at once.
local names = {}
for i = 1, call.desks do names[i] = KEYS[i] end
for i = 1, #call.books do names[call.desks + i] = KEYS[call.desks + keysOfBook * (i - 1) + 1] end
local saved = redis.call("MGET", unpack(names))

local desks, books = {}, {}
for i = 1, call.desks do
  desks[i] = need("Desk").open(KEYS[i], saved[i], asked, ended)
  for _, step in ipairs(call.steps or {}) do desks[i]:stepped(step[1], step[2], step[3]) end
end
for i, desk in ipairs(call.books) do
  local keys = {}
  for k = 1, keysOfBook do keys[k] = KEYS[call.desks + keysOfBook * (i - 1) + k] end
  books[i] = need("Book").open(desks[desk], keys, ARGV[1 + i], saved[call.desks + i], call.abandon)
  desks[desk]:tell(books[i].seenAt)
end

local answer = { whole(asked) }
for _, stop in ipairs(call.ends or {}) do
  answer[#answer + 1] = need("Settling").settle(stop, books, call.abandon, call.maxPause, call.prefix)
end
for _, stop in ipairs(call.releases or {}) do
  need("Settling").release(stop, books, call.abandon)
end
for _, lease in ipairs(call.renewals or {}) do need("Settling").renew(lease, books, call.abandon) end
for _, place in ipairs(call.leaves or {}) do need("Admitting").leave(place, books) end
for _, want in ipairs(call.wants or {}) do
  answer[#answer + 1] = need("Admitting").admit(want, books, call.abandon, call.prefix)
end

for _, book in ipairs(books) do
  if call.shows then
    local now = book.desk.asked
    book:reap(now)
    book:advance(now)
    answer[#answer + 1] = table.concat({
      whole(now), exact(book.ceiling), exact(book.caution.limit), whole(book.inFlight), exact(book:occupied()),
      whole(book.foreign), exact(book:free(now)), whole(book.refused), exact(book.gate.closedUntil), exact(book:largest())
    }, " ")
  end
  if call.prefix then need("Admitting").callNext(book, call.prefix) end
  book.desk.ttl = max(book.desk.ttl or 0, book:save(book.desk.asked))
end
for _, desk in ipairs(desks) do desk:save(desk.ttl) end
return answer
`

/** The text that Redis is given. */
export const script: string = [
  prelude,
  answerLog,
  gate,
  pace,
  caution,
  serverClock,
  told,
  desk,
  holds,
  line,
  book,
  loggedBook,
  windowBook,
  slidingBook,
  bucketBook,
  simpleBooks,
  settling,
  admitting,
  flow
].join("\n")
