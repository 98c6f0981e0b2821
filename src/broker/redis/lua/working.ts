import { COMMON, ONCE, RETURNING, TAKES, TIMES } from "./prelude.ts";

/**
 * ARGV: slot, number, maxLength, keyWindowMs, how many calls, and these: each the number of its jobs (I4), and of each
 * priority and delayMs (d), key or nothing, id (only of those with a key) and data (I4c0).
 * Gives a JSON list, for each call: 0 if all jobs are new, "full", or a map from index to the id of the first job.
 */
export const PUSH = `${COMMON}${ONCE}
local maxLength, window = tonumber(ARGV[3]), tonumber(ARGV[4])
local meta = call('HMGET', P .. 'meta', 'n', 'len', 'e')
local n, length, keys = tonumber(meta[1] or 0), tonumber(meta[2] or 0), P .. 'key:' .. (meta[3] or 0) .. ':'
local isNews = false
local levels = {}
local answers = {}
local at = 1
local today = string.format('%.0f', now)

local function readJobs()
  local count, jobs
  count, at = struct.unpack('>I4', ARGV[6], at)
  jobs = {}
  for i = 1, count do
    local priority, delay, key, id, data
    priority, delay, key, id, data, at = struct.unpack('>ddI4c0I4c0I4c0', ARGV[6], at)
    jobs[i] = { data, priority, delay, key, id }
  end
  return jobs
end

local function place(job)
  local priority, delay = job[2], job[3]
  n = n + 1
  if delay > 0 then
    local member = n .. ':' .. priority
    call('HSET', P .. 'held', n, cmsgpack.pack({ job[1], now, 0, '[]', priority }))
    call('ZADD', P .. 'delayed', now + delay, member)
    if call('ZRANGE', P .. 'delayed', 0, 0)[1] == member then isNews = true end
    return
  end
  if not levels[priority] then
    levels[priority] = true
    open(priority)
    if level(priority) then isNews = true end
  end
  call('XADD', P .. 's:' .. priority, n .. '-' .. today, 'j', job[1])
end

for each = 1, tonumber(ARGV[5]) do
  local jobs = readJobs()
  local known, mine, added = {}, {}, #jobs
  for i, job in ipairs(jobs) do
    local key = job[4]
    if key ~= '' then
      local first = mine[key] or call('GET', keys .. key)
      if first then
        known[tostring(i - 1)] = first
        added = added - 1
      else
        mine[key] = job[5]
      end
    end
  end
  if length + added > maxLength then
    answers[each] = 'full'
  else
    for i, job in ipairs(jobs) do
      if not known[tostring(i - 1)] then
        if job[4] ~= '' then call('SET', keys .. job[4], job[5], 'PX', window) end
        place(job)
      end
    end
    length = length + added
    answers[each] = added == #jobs and 0 or known
  end
end
call('HSET', P .. 'meta', 'n', n, 'len', length)
if isNews then wake() end
return tell(cjson.encode(answers))
`;

/**
 * ARGV: how many, leaseMs, token, maxAttempts, reason. Gives { againInMs or -1, part, … }, a part being jobs that were
 * read together { "s", priority, token, ids, sizes, reasons, data }, whose receipts are s:ID:PRIORITY:TOKEN, or one that
 * has come back { "h", receipt, data, attempts, reasons, pushedMs }. Of those that were read together the ids stand side
 * by side, the sizes of their data as a list in MessagePack, the data one behind the other, and the reasons, if any has
 * some, as JSON: a list of lists, or 0.
 */
export const TAKE = `${COMMON}${TIMES}
local want, token = tonumber(ARGV[1]), ARGV[3]
local ends = string.format('%.0f', now + tonumber(ARGV[2]))
local isMore = settleTimes(tonumber(ARGV[4]), ARGV[5])
local taken, got = { -1 }, 0

local function takeBack(member)
  local n, priority = string.match(member, '^(%d+):(-?%d+)$')
  call('ZREM', P .. 'back', member)
  local packed = call('HGET', P .. 'held', n)
  if not packed then return end
  local job = cmsgpack.unpack(packed)
  job[3] = job[3] + 1
  call('HSET', P .. 'held', n, cmsgpack.pack(job))
  local receipt = 'h:' .. n .. ':' .. priority .. ':' .. token
  call('ZADD', P .. 'leases', ends, receipt)
  got = got + 1
  taken[#taken + 1] = { 'h', receipt, job[1], job[3], job[4], job[2] }
end

local function takeFresh(priority, count)
  local key = P .. 's:' .. priority
  local reply = call('XREADGROUP', 'GROUP', 'ding', 'ding', 'COUNT', count, 'NOACK', 'STREAMS', key, '>')
  local entries = reply and reply[1] and reply[1][2] or {}
  local length = #entries
  if length < count then call('ZREM', P .. 'levels', priority) end
  if length == 0 then return end
  local name = token .. '.' .. string.format('%.0f', numberOf(entries[1]))
  call('ZADD', P .. 'leases', ends, 't:' .. name)
  call('HSET', P .. 'takes', name, priority .. ' ' .. entries[1][1] .. ' ' .. entries[length][1])
  call('HSET', P .. 'left', name, length)
  got = got + length
  local ids, sizes, data, reasons = {}, {}, {}, nil
  for i = 1, length do
    local entry = entries[i]
    local list = entry[2]
    local each = list[2]
    ids[i], sizes[i], data[i] = entry[1], #each, each
    if list[4] then
      reasons = reasons or {}
      reasons[i] = list[4]
    end
  end
  local why = ''
  if reasons then
    for i = 1, length do reasons[i] = reasons[i] or '0' end
    why = '[' .. table.concat(reasons, ',') .. ']'
  end
  taken[#taken + 1] = {
    's', priority, name, table.concat(ids, ' '), cmsgpack.pack(sizes), why, table.concat(data),
  }
end

while got < want do
  local back = call('ZRANGE', P .. 'back', 0, 0)[1]
  local top = call('ZRANGE', P .. 'levels', 0, 0)[1]
  if not back and not top then break end
  if not back then
    takeFresh(top, want - got)
  else
    local n, priority = string.match(back, '^(%d+):(-?%d+)$')
    local before = not top or tonumber(priority) > tonumber(top)
    if not before and priority == top then
      local first = fresh(top, 1)[1]
      before = not first or tonumber(n) < numberOf(first)
    end
    if before then
      takeBack(back)
    else
      takeFresh(top, priority == top and 1 or want - got)
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
 * ARGV: slot, number, maxAttempts, acknowledgements of fresh jobs, how many other steps, and these. The former are
 * JSON, [token, how many, [word, …]] for each reading, a bit for each job; of the latter each is what (c1),
 * milliseconds (d), receipt and reason (I4c0): "a"ck, e"x"tend, "r"etry, re"l"ease or "d"ead. Gives a letter for each,
 * in this order: "k" it is so, "e" the lease has ended, "t" will be tried again, "d" is dead, "b" they have no lease
 * together any more: to be said again of each by its receipt.
 */
export const SETTLE = `${COMMON}${ONCE}${TAKES}
local maxAttempts = tonumber(ARGV[3])
local answers, done = {}, 0

local function isHeld(lease)
  return (tonumber(call('ZSCORE', P .. 'leases', lease)) or 0) > now
end

local function finish(where, n, priority)
  if where == 'h' then
    done = done + call('HDEL', P .. 'held', n)
  else
    done = done + call('XDEL', P .. 's:' .. priority, n)
  end
end

-- Readings that are done leave the stream when they are its head; of the others only a few stay.
local function cutOff(priority, first, last)
  local key = P .. 's:' .. priority
  local head = call('XRANGE', key, '-', '+', 'COUNT', 1)[1]
  if not head or head[1] ~= first then return false end
  local behind = string.format('%.0f-0', tonumber(string.match(last, '^%d+')) + 1)
  call('XTRIM', key, 'MINID', '=', behind)
  return true
end

local function isSpent(token)
  local priority, first, last = takeOf(token)
  endTake(token)
  if first == last then return call('XDEL', P .. 's:' .. priority, first) end
  if not cutOff(priority, first, last) then
    local packed = priority .. ' ' .. first .. ' ' .. last
    call('ZADD', P .. 'spent', tonumber(string.match(first, '^%d+')), packed)
  end
  local spent = call('ZRANGE', P .. 'spent', 0, -1)
  for i, packed in ipairs(spent) do
    local level, from, to = string.match(packed, '^(%S+) (%S+) (%S+)$')
    if (level == priority and cutOff(level, from, to)) then
      call('ZREM', P .. 'spent', packed)
    elseif #spent - i >= 16 then
      for _, entry in ipairs(call('XRANGE', P .. 's:' .. level, from, to)) do
        call('XDEL', P .. 's:' .. level, entry[1])
      end
      call('ZREM', P .. 'spent', packed)
    end
  end
end

-- A letter for each bit.
local function finishOf(token, words, count)
  local before = doneOf(token)
  local letters, gone = nil, count
  for i, word in ipairs(words) do
    if bit.band(before[i] or 0, word) ~= 0 then letters = {} end
  end
  if letters then
    gone = 0
    for place = 0, 30 * #words - 1 do
      if isDone(words, place) then
        local isNew = not isDone(before, place)
        letters[#letters + 1] = isNew and 'k' or 'e'
        if isNew then gone = gone + 1 end
      end
    end
  end
  done = done + gone
  -- Lua writes 0 - 0 as 0, and -0 as no number.
  if call('HINCRBY', P .. 'left', token, 0 - gone) <= 0 then
    isSpent(token)
  else
    for i, word in ipairs(words) do before[i] = bit.bor(before[i] or 0, word) end
    call('HSET', P .. 'done', token, cmsgpack.pack(before))
  end
  return letters and table.concat(letters) or string.rep('k', count)
end

for _, part in ipairs(cjson.decode(ARGV[4])) do
  local token, count, words = part[1], part[2], part[3]
  answers[#answers + 1] = isHeld('t:' .. token) and finishOf(token, words, count) or string.rep('b', count)
end

local function answer()
  if done > 0 then call('HINCRBY', P .. 'meta', 'len', -done) end
  return tell(table.concat(answers))
end

local count = tonumber(ARGV[5])
if count == 0 then return answer() end
${RETURNING}
local from = 1
for at = 1, count do
  local what, ms, receipt, reason
  what, ms, receipt, reason, from = struct.unpack('>c1dI4c0I4c0', ARGV[6], from)
  local where, n, priority, token = split(receipt)
  if where == 's' then breakUp(token) end
  local letter = 'k'
  if not isHeld(receipt) then
    letter = 'e'
  elseif what == 'x' then
    call('ZADD', P .. 'leases', now + ms, receipt)
  else
    call('ZREM', P .. 'leases', receipt)
    if what == 'a' then
      finish(where, n, priority)
    elseif what == 'r' then
      letter = giveUpOrBack(where, n, priority, reason, ms, maxAttempts)
    elseif what == 'l' then
      giveBack(where, n, priority, 1, false, 0)
    else
      bury(where, n, priority, reason)
    end
  end
  answers[#answers + 1] = letter
end
return answer()
`;
