import { TAKES } from "./takings.ts";

/**
 * What the scripts share. All keys of a queue begin with KEYS[1], which holds a hash tag: they lie on one node.
 *
 *   meta     hash: n (the number of the last job), len (jobs that are not dead, and those that are done of takings that are
 *            not over), e (epoch of the keys), form (of all this)
 *   s:P      stream of jobs with priority P, the id is number-pushedMs. An entry is one job: j, its data, and r, its reasons
 *            if it has some; or a block of jobs with numbers from that one on: b, where each ends in the data (I4), and d,
 *            their data. The group "ding" shows how far it was read; what is read leaves it when it is done or comes back
 *   lines    hash: at:P → the entry of s:P that was read last, and how many jobs of it if not all; next:P → number of the
 *            next taking; cut:P → that of the first one whose jobs have not left the stream
 *   levels   zset of the priorities whose streams have jobs that nobody has had; streams: set of all of them
 *   held     hash: number → job that has come back, or is delayed; back: zset of those that are ready, best first
 *   delayed  zset: when → number:priority
 *   leases   zset: end → whose it is. Jobs that were taken from one stream together have one, t:TOKEN, until one of them is
 *            more than acknowledged: then each is held, and has its own, h:number:priority:TOKEN, which is its receipt.
 *            The token is that of the call, which may be sent again after a cut, and the number of the first job
 *   takes    hash: token → such a taking, as a list: priority; entry of the first job, how many jobs before it there; entry of
 *            the last one, 1 if there are jobs behind it there; size; end of the lease; number
 *   done:T   string: which jobs of a taking are done, a 1 for each. It is there as long as the taking, so that who has the
 *            jobs may write it where it is, without a script, all that is done each time
 *   order    hash: priority:number → of takings whose jobs have not left the stream: t and the token, or, of one that is
 *            done behind one that is not, c and where the stream may be cut
 *   over:T   string: the same of a taking that ended otherwise, for calls that are sent again
 *   dead     stream
 *   once:C   what the last call in this slot of a client was told, so that it can be sent again after a cut
 *   key:E:K  string: the id of the first job with idempotency key K
 *
 * Times are the server's, in milliseconds. A job is { data, pushedMs, attempts, reasons as JSON, priority };
 * its data are the header's length (I2), the header and the value.
 */
export const COMMON = `
local P = KEYS[1]
local call = redis.call
local time = call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)

local function wake() call('PUBLISH', P .. 'wake', '') end

local function open(priority)
  if call('SADD', P .. 'streams', priority) == 1 then
    call('XGROUP', 'CREATE', P .. 's:' .. priority, 'ding', '0', 'MKSTREAM')
  end
end

-- True if there was nothing fresh of this priority before: somebody may wait for it.
local function level(priority)
  return call('ZADD', P .. 'levels', -priority, priority) == 1
end

local function numberOf(id) return tonumber(string.match(id, '^%d+')) end
local function timeOf(id) return tonumber(string.match(id, '%d+$')) end
local function whole(n) return string.format('%.0f', n) end
`;

/** What an entry of a stream holds. */
export const ENTRIES = `
-- Where its jobs end in the data, the data, and the reasons.
local function blockOf(list)
  if list[1] == 'b' then return list[2], list[4], nil end
  return struct.pack('>I4', #list[2]), list[2], list[4]
end

local function endOf(ends, count)
  return count == 0 and 0 or (struct.unpack('>I4', ends, 4 * count - 3))
end

-- The entry that was read last, and how many jobs of it if not all, else 0.
local function cursorOf(priority)
  local packed = call('HGET', P .. 'lines', 'at:' .. priority)
  if not packed then return '0-0', 0 end
  local entry, skip = string.match(packed, '^(%S+) (%d+)$')
  return entry, tonumber(skip)
end

-- Entries with jobs that nobody has had, the oldest first, and how many jobs of the first one somebody has.
local function fresh(priority, count)
  local entry, skip = cursorOf(priority)
  local from = skip > 0 and entry or '(' .. entry
  return call('XRANGE', P .. 's:' .. priority, from, '+', 'COUNT', count), skip
end

-- The number of the first one, and when it was pushed.
local function firstFresh(priority)
  local entries, skip = fresh(priority, 1)
  if not entries[1] then return nil end
  return numberOf(entries[1][1]) + skip, timeOf(entries[1][1])
end

-- Calls see(number, job) for at most so many jobs of these entries, without those that are skipped of the first.
local function eachJob(entries, skip, max, attempts, priority, see)
  for _, entry in ipairs(entries) do
    local ends, data, reasons = blockOf(entry[2])
    local n, pushed, from = numberOf(entry[1]), timeOf(entry[1]), endOf(ends, skip)
    for i = skip, #ends / 4 - 1 do
      if max == 0 then return end
      max = max - 1
      local to = endOf(ends, i + 1)
      see(n + i, { string.sub(data, from + 1, to), pushed, attempts, reasons or '[]', tonumber(priority) })
      from = to
    end
    skip = 0
  end
end
`;

/** What gives jobs back, and buries them. */
export const RETURNING = `
local function rank(priority, n)
  return string.format('%.0f', -priority * 4398046511104 + n)
end

local function toBack(n, priority)
  if call('ZADD', P .. 'back', rank(priority, n), n .. ':' .. priority) == 1 then wake() end
end

local function toDelayed(n, priority, at)
  local member = n .. ':' .. priority
  call('ZADD', P .. 'delayed', at, member)
  if call('ZRANGE', P .. 'delayed', 0, 0)[1] == member then wake() end
end

local function fields(list)
  local map = {}
  for i = 1, #list, 2 do map[list[i]] = list[i + 1] end
  return map
end

local function split(receipt)
  local n, priority, token = string.match(receipt, '^h:(%d+):(-?%d+):(.*)$')
  return tonumber(n), tonumber(priority), token
end

local function load(n)
  local packed = call('HGET', P .. 'held', n)
  return packed and cmsgpack.unpack(packed)
end

local function addReason(job, reason)
  local reasons = cjson.decode(job[4])
  reasons[#reasons + 1] = reason
  while #reasons > 10 do table.remove(reasons, 1) end
  job[4] = cjson.encode(reasons)
end

local function bury(n, job, reason)
  addReason(job, reason)
  call('HDEL', P .. 'held', n)
  call('HINCRBY', P .. 'meta', 'len', -1)
  call('XADD', P .. 'dead', '*', 'j', job[1], 't', job[2], 'a', job[3], 'r', job[4], 'p', job[5], 'd', now)
end

-- back: how many attempts to take off, the reason or false, and how long to wait.
local function giveBack(n, job, off, reason, delay)
  if reason then addReason(job, reason) end
  job[3] = job[3] - off
  call('HSET', P .. 'held', n, cmsgpack.pack(job))
  if delay > 0 then toDelayed(n, job[5], now + delay) else toBack(n, job[5]) end
end

-- Gives 't' or 'd': it will be tried again, or is dead.
local function giveUpOrBack(n, job, reason, delay, maxAttempts)
  if job[3] >= maxAttempts then
    bury(n, job, reason)
    return 'd'
  end
  giveBack(n, job, 0, reason, delay)
  return 't'
end
`;

/** What makes ready whose delay or lease is over. */
export const TIMES = `${ENTRIES}${TAKES}${RETURNING}
-- True if there are more of them.
local function settleTimes(maxAttempts, leaseEnded)
  local most, isMore = 500, false
  local room = most
  for _, lease in ipairs(call('ZRANGE', P .. 'leases', '-inf', now, 'BYSCORE', 'LIMIT', 0, most)) do
    if room <= 0 then
      isMore = true
      break
    end
    if string.sub(lease, 1, 2) == 't:' then
      local token = string.sub(lease, 3)
      local take, marks = takeOf(token), doneOf(token)
      jobsOf(take, marks, function(n, job)
        giveUpOrBack(n, job, leaseEnded, 0, maxAttempts)
        room = room - 1
      end)
      endOtherwise(token, take, marks)
    else
      local n = split(lease)
      call('ZREM', P .. 'leases', lease)
      local job = load(n)
      if job then giveUpOrBack(n, job, leaseEnded, 0, maxAttempts) end
      room = room - 1
    end
  end
  local due = call('ZRANGE', P .. 'delayed', '-inf', now, 'BYSCORE', 'LIMIT', 0, most)
  for _, member in ipairs(due) do
    local n, priority = string.match(member, '^(%d+):(-?%d+)$')
    call('ZREM', P .. 'delayed', member)
    toBack(tonumber(n), tonumber(priority))
  end
  return isMore or room == 0 or #due == most
end
`;

/** A call that is sent again after a cut does nothing and hears what it was told. ARGV: slot, number of the call. */
export const ONCE = `
local once = P .. 'once:' .. ARGV[1]
local function toldBefore()
  local told = call('GET', once)
  if told and string.sub(told, 1, #ARGV[2] + 1) == ARGV[2] .. '|' then
    return string.sub(told, #ARGV[2] + 2)
  end
end
local function tell(answer)
  call('SET', once, ARGV[2] .. '|' .. answer, 'PX', 3600000)
  return answer
end
`;
