import { COMMON, ENTRIES, ONCE, RETURNING, TIMES } from "./prelude.ts";
import { TAKES } from "./takings.ts";

/**
 * ARGV: how many, leaseMs, token, maxAttempts, reason. Gives { againInMs or -1, part, … }, a part being jobs that were
 * taken together { "s", priority, token, block, … }, whose receipts are h:NUMBER:PRIORITY:TOKEN, or one that has come back
 * { "h", receipt, data, attempts, reasons, pushedMs }. A block is five: the entry, how many of its jobs are left out before
 * and where they end, where the others end (I4 each), their data, and their reasons or "".
 */
export const TAKE = `${COMMON}${TIMES}
local want, token = tonumber(ARGV[1]), ARGV[3]
local untilMs = whole(now + tonumber(ARGV[2]))
local isMore = settleTimes(tonumber(ARGV[4]), ARGV[5])
local taken, got = { -1 }, 0

local function takeBack(member)
  local n, priority = string.match(member, '^(%d+):(-?%d+)$')
  call('ZREM', P .. 'back', member)
  local job = load(n)
  if not job then return end
  job[3] = job[3] + 1
  call('HSET', P .. 'held', n, cmsgpack.pack(job))
  local receipt = 'h:' .. n .. ':' .. priority .. ':' .. token
  call('ZADD', P .. 'leases', untilMs, receipt)
  got = got + 1
  taken[#taken + 1] = { 'h', receipt, job[1], job[3], job[4], job[2] }
end

-- Those with numbers below that one, if it is given.
local function takeFresh(priority, most, below)
  local max = math.min(most, 500) -- so many come back in one step
  local key = P .. 's:' .. priority
  local entry, skip = cursorOf(priority)
  local part = { 's', priority, '' }
  local first, before
  local count, step, isOver, isEnd = 0, 1, false, false
  while not isOver do
    local from = skip > 0 and entry or '(' .. entry
    local entries = call('XRANGE', key, from, '+', 'COUNT', step)
    isEnd = #entries < step
    isOver = isEnd
    step = math.min(2 * step, max - count)
    for _, each in ipairs(entries) do
      local ends, data, reasons = blockOf(each[2])
      local n, there = numberOf(each[1]) + skip, #ends / 4
      local some = math.min(there - skip, max - count, below and below - n or max)
      if some <= 0 then
        isOver, isEnd = true, false
        break
      end
      if not first then
        first, before = each[1], skip
        part[3] = token .. '.' .. whole(n)
      end
      local start = endOf(ends, skip)
      if some < there then
        data = string.sub(data, start + 1, endOf(ends, skip + some))
        ends = string.sub(ends, 4 * skip + 1, 4 * (skip + some))
      end
      local at = #part
      part[at + 1], part[at + 2], part[at + 3], part[at + 4] = each[1], skip .. ' ' .. start, ends, data
      part[at + 5] = reasons or ''
      entry, skip, count = each[1], skip + some, count + some
      if skip == there then
        skip = 0
      else
        isOver, isEnd = true, false
      end
      if there > 1 then step = 1 end -- more are read at once only where each is one job
    end
    if count == max then isOver = true end
    if not isOver then step = math.min(step, max - count) end
  end
  if isEnd then call('ZREM', P .. 'levels', priority) end
  if count == 0 then return end
  local name, number = part[3], call('HINCRBY', P .. 'lines', 'next:' .. priority, 1)
  local rest = skip > 0 and 1 or 0
  local take = { priority, first, before, entry, rest, count, tonumber(untilMs), number }
  call('HSET', P .. 'takes', name, cmsgpack.pack(take))
  call('SET', P .. 'done:' .. name, '')
  call('HSET', P .. 'order', priority .. ':' .. whole(number), 't' .. name)
  call('HSET', P .. 'lines', 'at:' .. priority, entry .. ' ' .. skip)
  call('ZADD', P .. 'leases', untilMs, 't:' .. name)
  call('XGROUP', 'SETID', key, 'ding', entry)
  got = got + count
  taken[#taken + 1] = part
end

while got < want do
  local back = call('ZRANGE', P .. 'back', 0, 0)[1]
  local top = call('ZRANGE', P .. 'levels', 0, 0)[1]
  if not back and not top then break end
  if not back then
    takeFresh(top, want - got)
  else
    local n, priority = string.match(back, '^(%d+):(-?%d+)$')
    if not top or tonumber(priority) > tonumber(top) then
      takeBack(back)
    elseif priority ~= top then
      takeFresh(top, want - got)
    else
      local first = firstFresh(top)
      if not first or tonumber(n) < first then
        takeBack(back)
      else
        takeFresh(top, want - got, tonumber(n))
      end
    end
  end
end
if got < want then
  local next
  for _, name in ipairs({ 'leases', 'delayed' }) do
    local at = tonumber(call('ZRANGE', P .. name, 0, 0, 'WITHSCORES')[2])
    if at and (not next or at < next) then next = at end
  end
  if isMore then taken[1] = 0 elseif next then taken[1] = math.max(0, next - now) end
end
return taken
`;

/**
 * ARGV: slot, number, maxAttempts, acknowledgements of jobs of takings, how many other steps, and these. The former are
 * JSON, [token, how many, a text with 1 where one of them is, 1 if all of the taking are done with them] for each; of the
 * latter each is what (c1), milliseconds (d), receipt and reason (I4c0): "a"ck, e"x"tend, "r"etry, re"l"ease or "d"ead.
 * Gives a letter for each, in this order: "k" it is so, "e" the lease has ended, "t" will be tried again, "d" is dead, "b"
 * they have no lease together any more: to be said again of each by its receipt.
 */
export const SETTLE = `${COMMON}${ENTRIES}${ONCE}${TAKES}
local others = tonumber(ARGV[5])
local told = others > 0 and toldBefore()
if told then return told end
local mustTell = others > 0
local answers = {}

-- A letter for each of them, of a taking that ended otherwise.
local function afterwards(token, marks)
  local known, letters = call('GET', P .. 'over:' .. token) or '', {}
  for place = 1, #marks do
    if isDone(marks, place) then letters[#letters + 1] = isDone(known, place) and 'k' or 'b' end
  end
  return table.concat(letters)
end

for _, part in ipairs(cjson.decode(ARGV[4])) do
  local token, count, marks, isAll = part[1], part[2], part[3], part[4] == 1
  local take = isAll and takeOf(token)
  if take and take[7] > now then
    endTake(token, take, take[6])
    mustTell = true
    answers[#answers + 1] = string.rep('k', count)
  else
    told = not mustTell and toldBefore()
    if told then return told end
    answers[#answers + 1] = afterwards(token, marks)
  end
end

local function answer()
  local letters = table.concat(answers)
  return mustTell and tell(letters) or letters
end

if others == 0 then return answer() end
${RETURNING}
local maxAttempts, from = tonumber(ARGV[3]), 1
for at = 1, others do
  local what, ms, receipt, reason
  what, ms, receipt, reason, from = struct.unpack('>c1dI4c0I4c0', ARGV[6], from)
  local n, priority, token = split(receipt)
  if token then breakUp(token) end
  local letter, job = 'k', n and load(n)
  if not job or (tonumber(call('ZSCORE', P .. 'leases', receipt)) or 0) <= now then
    letter = 'e'
  elseif what == 'x' then
    call('ZADD', P .. 'leases', now + ms, receipt)
  else
    call('ZREM', P .. 'leases', receipt)
    if what == 'a' then
      call('HDEL', P .. 'held', n)
      call('HINCRBY', P .. 'meta', 'len', -1)
    elseif what == 'r' then
      letter = giveUpOrBack(n, job, reason, ms, maxAttempts)
    elseif what == 'l' then
      giveBack(n, job, 1, false, 0)
    else
      bury(n, job, reason)
    end
  end
  answers[#answers + 1] = letter
end
return answer()
`;
