import { COMMON, ONCE, RETURNING } from "./prelude.ts";

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

/** ARGV: how many, leaseMs, token, maxAttempts, reason. Gives { againInMs or -1, { receipt, data }, … };
 * where it has been tried or was dead, attempts, reasons and pushedMs follow. */
export const TAKE = `${COMMON}${RETURNING}
local want, token = tonumber(ARGV[1]), ARGV[3]
-- A text: to write a number is dear, and it goes along with each of them.
local ends = string.format('%.0f', now + tonumber(ARGV[2]))
local isMore = settleTimes(tonumber(ARGV[4]), ARGV[5])
local taken, leases = { -1 }, {}
local got = 0

local function lease(receipt)
  got = got + 1
  leases[#leases + 1] = ends
  leases[#leases + 1] = receipt
  if #leases >= 1000 then
    call('ZADD', P .. 'leases', unpack(leases))
    leases = {}
  end
end

local function takeBack(member)
  local n, priority = string.match(member, '^(%d+):(-?%d+)$')
  call('ZREM', P .. 'back', member)
  local packed = call('HGET', P .. 'held', n)
  if not packed then return end
  local job = cmsgpack.unpack(packed)
  job[3] = job[3] + 1
  call('HSET', P .. 'held', n, cmsgpack.pack(job))
  local receipt = 'h:' .. n .. ':' .. priority .. ':' .. token
  lease(receipt)
  taken[got + 1] = { receipt, job[1], job[3], job[4], job[2] }
end

local function takeFresh(priority, count)
  local key = P .. 's:' .. priority
  local reply = call('XREADGROUP', 'GROUP', 'ding', 'ding', 'COUNT', count, 'NOACK', 'STREAMS', key, '>')
  local entries = reply and reply[1] and reply[1][2] or {}
  if #entries < count then call('ZREM', P .. 'levels', priority) end
  for _, entry in ipairs(entries) do
    local list = entry[2]
    local receipt = 's:' .. entry[1] .. ':' .. priority .. ':' .. token
    lease(receipt)
    taken[got + 1] = { receipt, list[2], list[4] and 1, list[4] }
  end
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
if #leases > 0 then call('ZADD', P .. 'leases', unpack(leases)) end
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
 * ARGV: slot, number, maxAttempts, how many steps, and these: what (c1), milliseconds (d), receipt and reason (I4c0).
 * What is "a"ck, e"x"tend, "r"etry, re"l"ease or "d"ead. Gives a letter for each: "k" it is so, "e" the lease has ended, "t" will be tried
 * again, "d" is dead.
 */
export const SETTLE = `${COMMON}${ONCE}
local maxAttempts = tonumber(ARGV[3])
local steps, receipts, from, isAllDone = {}, {}, 1, true
for at = 1, tonumber(ARGV[4]) do
  local what, ms, receipt, reason
  what, ms, receipt, reason, from = struct.unpack('>c1dI4c0I4c0', ARGV[5], from)
  steps[at], receipts[at] = { what, ms, reason }, receipt
  if what ~= 'a' then isAllDone = false end
end
local ends = call('ZMSCORE', P .. 'leases', unpack(receipts))
local answers, used, acked, read = {}, {}, {}, {}

local function finish(receipt)
  local where, n, priority = string.match(receipt, '^([sh]):([%d-]+):(-?%d+):')
  local place = where == 'h' and 'held' or 's:' .. priority
  local ids = read[place] or {}
  read[place] = ids
  ids[#ids + 1] = n
end

local function isLate(at)
  return used[receipts[at]] or tonumber(ends[at] or 0) <= now
end

local function use(receipt)
  used[receipt] = true
  acked[#acked + 1] = receipt
end

local function answer()
  if #acked > 0 then call('ZREM', P .. 'leases', unpack(acked)) end
  local gone = 0
  for place, ids in pairs(read) do
    gone = gone + #ids
    call(place == 'held' and 'HDEL' or 'XDEL', P .. place, unpack(ids))
  end
  if gone > 0 then call('HINCRBY', P .. 'meta', 'len', -gone) end
  return tell(table.concat(answers))
end

-- Nearly all of them are: that needs nothing of what follows.
if isAllDone then
  for at, receipt in ipairs(receipts) do
    answers[at] = 'e'
    if not isLate(at) then
      use(receipt)
      finish(receipt)
      answers[at] = 'k'
    end
  end
  return answer()
end
${RETURNING}
for at, step in ipairs(steps) do
  local what, ms, reason, receipt = step[1], step[2], step[3], receipts[at]
  if isLate(at) then
    answers[at] = 'e'
  elseif what == 'x' then
    call('ZADD', P .. 'leases', now + ms, receipt)
    answers[at] = 'k'
  else
    local where, n, priority = split(receipt)
    use(receipt)
    answers[at] = 'k'
    if what == 'a' then
      finish(receipt)
    elseif what == 'r' then
      answers[at] = giveUpOrBack(where, n, priority, reason, ms, maxAttempts)
    elseif what == 'l' then
      giveBack(where, n, priority, 1, false, 0)
    else
      bury(where, n, priority, reason)
    end
  end
end
return answer()
`;
