/**
 * What the scripts share. All keys of a queue begin with KEYS[1], which holds a hash tag: they lie on one node.
 *
 *   meta     hash: n (the number of the last job), len (jobs that are not dead), e (epoch of the keys)
 *   s:P      stream of jobs with priority P, read by the group "ding"; id = number-pushedMs; an entry goes with its job, or
 *            when that comes back. The group says what is new; whose a job is, and how long, the leases say
 *   levels   zset of the priorities whose streams have jobs that nobody has had; streams: set of all of them
 *   held     hash: number → job that has come back, or is delayed; back: zset of those that are ready, best first
 *   delayed  zset: when → number:priority
 *   leases   zset: end → whose it is. Jobs that were read together have one, t:TOKEN, until one of them is more than
 *            acknowledged: then each has its own, its receipt: "s" and the id, or "h" and the number, priority, token.
 *            A token is the taking's, which may be sent again after a cut, and the number of the first job read
 *   takes    hash: token → priority, first and last id of such a reading; left: token → how many of them are not done;
 *            done: token → which are, as bits. They stay in the stream until all are: to cut off its head is quickly done
 *   spent    zset: number of the first → priority, first and last id of readings that are done, and not the head
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
`;

/** Jobs that were read together, and their lease. */
export const TAKES = `
local function takeOf(token)
  local packed = call('HGET', P .. 'takes', token)
  if packed then return string.match(packed, '^(%S+) (%S+) (%S+)$') end
end

local function entriesOf(token, count)
  local priority, first, last = takeOf(token)
  if not priority then return {}, 0 end
  return call('XRANGE', P .. 's:' .. priority, first, last, 'COUNT', count), tonumber(priority)
end

local function endTake(token)
  call('ZREM', P .. 'leases', 't:' .. token)
  call('HDEL', P .. 'takes', token)
  call('HDEL', P .. 'left', token)
  call('HDEL', P .. 'done', token)
end

-- Which of them are done, as bits of words of 30.
local function doneOf(token)
  local packed = call('HGET', P .. 'done', token)
  return packed and cmsgpack.unpack(packed) or {}
end

local function isDone(words, place)
  local word = words[math.floor(place / 30) + 1]
  return word and bit.band(word, bit.lshift(1, place % 30)) ~= 0
end

-- What is done leaves the stream, and what is there is not done; nothing is said by its place from now on.
local function sweep(token)
  local words = doneOf(token)
  if #words == 0 then return end
  local entries, priority = entriesOf(token, 1000000)
  for i, entry in ipairs(entries) do
    if isDone(words, i - 1) then call('XDEL', P .. 's:' .. priority, entry[1]) end
  end
  call('HDEL', P .. 'done', token)
end

-- From now on each of them has a lease of its own, with the same end.
local function breakUp(token)
  local ends = call('ZSCORE', P .. 'leases', 't:' .. token)
  if not ends then return end
  sweep(token)
  local entries, priority = entriesOf(token, 1000000)
  for _, entry in ipairs(entries) do
    call('ZADD', P .. 'leases', ends, 's:' .. entry[1] .. ':' .. priority .. ':' .. token)
  end
  endTake(token)
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
  local where, n, priority, token = string.match(receipt, '^([sh]):([%d-]+):(-?%d+):(.*)$')
  return where, n, tonumber(priority), token
end

local function timeOf(id) return tonumber(string.match(id, '%d+$')) end

local function load(where, n, priority)
  if where == 'h' then
    local packed = call('HGET', P .. 'held', n)
    return packed and cmsgpack.unpack(packed)
  end
  local entry = call('XRANGE', P .. 's:' .. priority, n, n)[1]
  if not entry then return nil end
  return { entry[2][2], timeOf(n), 1, entry[2][4] or '[]', priority }
end

local function forget(where, n, priority)
  if where == 'h' then return call('HDEL', P .. 'held', n) end
  return call('XDEL', P .. 's:' .. priority, n)
end

local function addReason(job, reason)
  local reasons = cjson.decode(job[4])
  reasons[#reasons + 1] = reason
  while #reasons > 10 do table.remove(reasons, 1) end
  job[4] = cjson.encode(reasons)
end

local function bury(where, n, priority, reason)
  local job = load(where, n, priority)
  if not job then return end
  addReason(job, reason)
  forget(where, n, priority)
  call('HINCRBY', P .. 'meta', 'len', -1)
  call('XADD', P .. 'dead', '*', 'j', job[1], 't', job[2], 'a', job[3], 'r', job[4], 'p', priority, 'd', now)
end

-- back: how many attempts to take off, the reason or false, and how long to wait.
local function giveBack(where, n, priority, off, reason, delay)
  local job = load(where, n, priority)
  if not job then return end
  if reason then addReason(job, reason) end
  job[3] = job[3] - off
  if where == 's' then
    forget(where, n, priority)
    n = tonumber(string.match(n, '^%d+'))
  end
  call('HSET', P .. 'held', n, cmsgpack.pack(job))
  if delay > 0 then toDelayed(n, priority, now + delay) else toBack(n, priority) end
end

-- Gives 't' or 'd': it will be tried again, or is dead.
local function giveUpOrBack(where, n, priority, reason, delay, maxAttempts)
  local job = load(where, n, priority)
  if job and job[3] >= maxAttempts then
    bury(where, n, priority, reason)
    return 'd'
  end
  giveBack(where, n, priority, 0, reason, delay)
  return 't'
end

-- Jobs of a stream that nobody has had yet, the oldest first.
local function fresh(priority, count)
  local info = fields(call('XINFO', 'GROUPS', P .. 's:' .. priority)[1])
  return call('XRANGE', P .. 's:' .. priority, '(' .. info['last-delivered-id'], '+', 'COUNT', count)
end

local function numberOf(entry) return tonumber(string.match(entry[1], '^%d+')) end
`;

/** What makes ready whose delay or lease is over. */
export const TIMES = `${TAKES}${RETURNING}
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
      sweep(token)
      local entries, priority = entriesOf(token, room)
      for _, entry in ipairs(entries) do
        giveUpOrBack('s', entry[1], priority, leaseEnded, 0, maxAttempts)
      end
      if #entries < room then
        endTake(token)
      else
        call('HINCRBY', P .. 'left', token, -#entries)
        isMore = true
      end
      room = room - #entries
    else
      local where, n, priority = split(lease)
      call('ZREM', P .. 'leases', lease)
      giveUpOrBack(where, n, priority, leaseEnded, 0, maxAttempts)
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
local told = call('GET', once)
if told and string.sub(told, 1, #ARGV[2] + 1) == ARGV[2] .. '|' then
  return string.sub(told, #ARGV[2] + 2)
end
local function tell(answer)
  call('SET', once, ARGV[2] .. '|' .. answer, 'PX', 3600000)
  return answer
end
`;
