import { FORM } from "../form.ts";
import { COMMON, ENTRIES, ONCE } from "./prelude.ts";

/**
 * ARGV: slot, number, maxLength, keyWindowMs, how many calls, and these: each the number of its blocks (I4), and of each
 * priority and delayMs (d), where each job ends in the data (I4 each), the data, and, if a job has a key, of each its key
 * and id, or "" twice, as JSON (I4c0). A block with a delay is one job.
 * Gives a JSON list, for each call: 0 if all jobs are new, "full", or a map from index to the id of the first job.
 */
export const PUSH = `${COMMON}${ENTRIES}${ONCE}
local told = toldBefore()
if told then return told end
local maxLength, window = tonumber(ARGV[3]), tonumber(ARGV[4])
local meta = call('HMGET', P .. 'meta', 'n', 'len', 'e')
local n, length, keys = tonumber(meta[1] or 0), tonumber(meta[2] or 0), P .. 'key:' .. (meta[3] or 0) .. ':'
local isNews = false
local levels = {}
local answers = {}
local at = 1
local today = '-' .. whole(now)
local isExact = false

local function readBlocks()
  local count, blocks
  count, at = struct.unpack('>I4', ARGV[6], at)
  blocks = {}
  for i = 1, count do
    local block = {}
    block[1], block[2], block[3], block[4], block[5], at = struct.unpack('>ddI4c0I4c0I4c0', ARGV[6], at)
    blocks[i] = block
  end
  return blocks
end

local function hasRoom(added)
  if length + added <= maxLength then return true end
  if not isExact then
    isExact = true
    for _, token in ipairs(call('HKEYS', P .. 'takes')) do
      local _, done = string.gsub(call('GET', P .. 'done:' .. token) or '', '1', '')
      length = length - done
    end
  end
  return length + added <= maxLength
end

local function place(priority, delay, ends, data)
  local count, first = #ends / 4, n + 1
  n = n + count
  if delay > 0 then
    local member = n .. ':' .. priority
    call('HSET', P .. 'held', n, cmsgpack.pack({ data, now, 0, '[]', priority }))
    call('ZADD', P .. 'delayed', now + delay, member)
    if call('ZRANGE', P .. 'delayed', 0, 0)[1] == member then isNews = true end
    return
  end
  if not levels[priority] then
    levels[priority] = true
    open(priority)
    if level(priority) then isNews = true end
  end
  local key, id = P .. 's:' .. priority, whole(first) .. today
  if count == 1 then call('XADD', key, id, 'j', data) else call('XADD', key, id, 'b', ends, 'd', data) end
end

-- Only those that are not known.
local function without(isKnown, index, ends, data)
  local sizes, pieces, from, length = {}, {}, 0, 0
  for i = 1, #ends / 4 do
    local to = endOf(ends, i)
    if not isKnown[tostring(index + i - 1)] then
      pieces[#pieces + 1] = string.sub(data, from + 1, to)
      length = length + to - from
      sizes[#sizes + 1] = struct.pack('>I4', length)
    end
    from = to
  end
  return table.concat(sizes), table.concat(pieces)
end

local before = length
for each = 1, tonumber(ARGV[5]) do
  local blocks = readBlocks()
  local known, mine, added, index = {}, {}, 0, 0
  for _, block in ipairs(blocks) do
    local count = #block[3] / 4
    added = added + count
    if block[5] ~= '' then
      block[5] = cjson.decode(block[5])
      for i = 1, count do
        local key = block[5][2 * i - 1]
        if key ~= '' then
          local first = mine[key] or call('GET', keys .. key)
          if first then
            known[tostring(index + i - 1)] = first
            block.isPart = true
            added = added - 1
          else
            mine[key] = block[5][2 * i]
          end
        end
      end
    end
    index = index + count
  end
  if not hasRoom(added) then
    answers[each] = 'full'
  else
    for key, id in pairs(mine) do call('SET', keys .. key, id, 'PX', window) end
    index = 0
    for _, block in ipairs(blocks) do
      local ends, data = block[3], block[4]
      local count = #ends / 4
      if block.isPart then ends, data = without(known, index, ends, data) end
      if ends ~= '' then place(block[1], block[2], ends, data) end
      index = index + count
    end
    length = length + added
    before = before + added
    answers[each] = next(known) and known or 0
  end
end
call('HSET', P .. 'meta', 'n', n, 'len', before, 'form', ${FORM})
if isNews then wake() end
return tell(cjson.encode(answers))
`;
