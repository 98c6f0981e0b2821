/** Jobs that were taken together, and their lease. */
export const TAKES = `
local function takeOf(token)
  local packed = call('HGET', P .. 'takes', token)
  return packed and cmsgpack.unpack(packed)
end

local function doneOf(token)
  return call('GET', P .. 'done:' .. token) or ''
end

local function isDone(marks, place)
  return string.byte(marks, place) == 49
end

local function countOf(marks)
  local _, count = string.gsub(marks, '1', '')
  return count
end

-- What lies before leaves the stream: all that was taken, but for an entry of which jobs are left.
local function cutOf(take)
  return take[5] == 1 and take[4] or whole(numberOf(take[4]) + 1) .. '-0'
end

local breakUp

-- Its jobs leave the stream as soon as all before them are gone, too; one that holds up too many is broken up.
local function leaveStream(take)
  local priority, number = take[1], take[8]
  local name = priority .. ':'
  local first = tonumber(call('HGET', P .. 'lines', 'cut:' .. priority) or 1)
  if number > first then
    call('HSET', P .. 'order', name .. whole(number), 'c' .. cutOf(take))
    if number - first >= 32 then
      breakUp(string.sub(call('HGET', P .. 'order', name .. whole(first)), 2))
    end
    return
  end
  local cut, behind = cutOf(take), nil
  repeat
    call('HDEL', P .. 'order', name .. whole(first))
    first = first + 1
    behind = call('HGET', P .. 'order', name .. whole(first))
    local isSpent = behind and string.sub(behind, 1, 1) == 'c'
    if isSpent then cut = string.sub(behind, 2) end
  until not isSpent
  call('XTRIM', P .. 's:' .. priority, 'MINID', '=', cut)
  call('HSET', P .. 'lines', 'cut:' .. priority, whole(first))
end

local function endTake(token, take, count)
  call('ZREM', P .. 'leases', 't:' .. token)
  call('HDEL', P .. 'takes', token)
  call('DEL', P .. 'done:' .. token)
  if count > 0 then call('HINCRBY', P .. 'meta', 'len', -count) end
  leaveStream(take)
end

-- Those that are not done.
local function jobsOf(take, marks, see)
  local entries = call('XRANGE', P .. 's:' .. take[1], take[2], take[4])
  local place = 0
  eachJob(entries, take[3], take[6], 1, take[1], function(n, job)
    place = place + 1
    if not isDone(marks, place) then see(n, job) end
  end)
end

local function endOtherwise(token, take, marks)
  local count = countOf(marks)
  if count > 0 then call('SET', P .. 'over:' .. token, marks, 'PX', 120000) end
  endTake(token, take, count)
end

-- From now on each of them has a lease of its own, with the same end.
breakUp = function(token)
  local take = takeOf(token)
  if not take then return end
  local marks = doneOf(token)
  jobsOf(take, marks, function(n, job)
    call('HSET', P .. 'held', whole(n), cmsgpack.pack(job))
    call('ZADD', P .. 'leases', whole(take[7]), 'h:' .. whole(n) .. ':' .. take[1] .. ':' .. token)
  end)
  endOtherwise(token, take, marks)
end
`;
