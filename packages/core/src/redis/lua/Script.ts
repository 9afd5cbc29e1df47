/**
 * The one script: what is dead is buried, what has ended is settled, and then what is wanted is admitted, in one atomic step.
 *
 * `KEYS` are the desks, and of each book six keys. `ARGV[1]` is the call as JSON; then there is each book's quota, and of each
 * renewal, end, release, leave and want its name, what of it differs each time, and its terms as JSON. What is decoded is thereby
 * mostly what was decoded before. The answer has a line for the time and the server, for each end, for each want, and for each
 * book if it is to be shown.
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
import { server } from "./Server.ts"
import { serverClock } from "./ServerClock.ts"
import { settling } from "./Settling.ts"
import { simpleBooks } from "./SimpleBooks.ts"
import { slidingBook } from "./SlidingBook.ts"
import { told } from "./Told.ts"
import { windowBook } from "./WindowBook.ts"

const flow = /* lua */ `
local call = decoded(ARGV[1])
local keysOfBook, none = 6, {}

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

local server = call.server or need("Server"):match("^%x*")
local desks, books, longest = {}, {}, 0
for i = 1, call.desks do
  desks[i] = need("Desk").open(KEYS[i], saved[i], asked, ended)
  desks[i]:meet(server, call.known and call.known[i])
end
for i, desk in ipairs(call.books) do
  local first = call.desks + keysOfBook * (i - 1) + 1
  books[i] = need("Book").open(desks[desk], KEYS, first, ARGV[1 + i], saved[call.desks + i], call.abandon)
  longest = max(longest, books[i].cooling)
end
for _, desk in ipairs(desks) do
  for _, step in ipairs(call.steps or none) do desk:stepped(step[1], step[2], step[3], longest + call.abandon) end
end
for _, book in ipairs(books) do book.desk:tell(book.seenAt) end
local lostAt = -huge
for _, desk in ipairs(desks) do
  desk:settle()
  lostAt = max(lostAt, desk.lostAt)
end

local answer = { whole(asked) .. " " .. exact(lostAt) .. " " .. need("Server") }
local i = #call.books + 2
for _ = 1, call.renewals do
  need("Settling").renew(ARGV[i], ARGV[i + 1], decoded(ARGV[i + 2]), books, call.abandon)
  i = i + 3
end
for _ = 1, call.ends do
  local lease, latency, age, terms = ARGV[i], tonumber(ARGV[i + 1]), tonumber(ARGV[i + 2]), decoded(ARGV[i + 3])
  answer[#answer + 1] = need("Settling").settle(lease, latency, age, terms, books, call)
  i = i + 4
end
for _ = 1, call.releases do
  need("Settling").release(ARGV[i], decoded(ARGV[i + 1]), books, call.abandon)
  i = i + 2
end
for _ = 1, call.leaves do
  need("Admitting").leave(ARGV[i], decoded(ARGV[i + 1]), books)
  i = i + 2
end
for _ = 1, call.wants do
  local standing = ARGV[i + 2] ~= "" and cjson.decode(ARGV[i + 2])
  answer[#answer + 1] = need("Admitting").admit(ARGV[i], decoded(ARGV[i + 1]), standing, books, call.abandon, call.prefix)
  i = i + 3
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
  book.desk.ttl = max(book.desk.ttl, book:save(book.desk.asked))
end
for _, desk in ipairs(desks) do desk:save(desk.ttl) end
return answer
`

const modules = [
  prelude,
  answerLog,
  gate,
  pace,
  caution,
  server,
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
  `local function run(KEYS, ARGV)${flow}end`
].join("\n")

/** The text that is evaluated. */
export const script = `${modules}\nreturn run(KEYS, ARGV)\n`

/** The same as a function library, which builds its modules once: when first called, as nothing is there yet while it is loaded. */
export const libraryOf = (name: string): string => `#!lua name=${name}
local function build()
${modules}
return run
end

local run
redis.register_function("${name}", function(keys, args)
  run = run or build()
  return run(keys, args)
end)
`
