import { COMMON, ENTRIES, RETURNING, TIMES } from "./prelude.ts";
import { TAKES } from "./takings.ts";

/** ARGV: maxAttempts, reason. Gives { length, delayed, leased, dead, age of the oldest ready job or -1 }. */
export const STATS = `${COMMON}${TIMES}
settleTimes(tonumber(ARGV[1]), ARGV[2])
local oldest, pushed
local function see(n, at)
  if n and (not oldest or n < oldest) then oldest, pushed = n, at end
end
for _, priority in ipairs(call('ZRANGE', P .. 'levels', 0, -1)) do see(firstFresh(priority)) end
local from = '-inf'
while true do
  local member = call('ZRANGE', P .. 'back', from, '+inf', 'BYSCORE', 'LIMIT', 0, 1)[1]
  if not member then break end
  local n, priority = string.match(member, '^(%d+):(-?%d+)$')
  local job = load(n)
  if job then see(tonumber(n), job[2]) end
  from = rank(tonumber(priority) - 1, 0)
end
local leased, length = call('ZCARD', P .. 'leases'), tonumber(call('HGET', P .. 'meta', 'len') or 0)
for _, token in ipairs(call('HKEYS', P .. 'takes')) do
  local count = countOf(doneOf(token))
  leased = leased - 1 + takeOf(token)[6] - count
  length = length - count
end
return {
  length,
  call('ZCARD', P .. 'delayed'), leased, call('XLEN', P .. 'dead'),
  pushed and math.max(0, now - pushed) or -1,
}
`;

/** ARGV: maxAttempts, reason, how many. Gives { { state, data, attempts, reasons, pushedMs, priority }, … }. */
export const PEEK = `${COMMON}${TIMES}
settleTimes(tonumber(ARGV[1]), ARGV[2])
local max = tonumber(ARGV[3])
local ready = {}
for _, member in ipairs(call('ZRANGE', P .. 'back', 0, max - 1)) do
  local n, priority = string.match(member, '^(%d+):(-?%d+)$')
  ready[#ready + 1] = { tonumber(n), tonumber(priority), load(n) }
end
for _, priority in ipairs(call('ZRANGE', P .. 'levels', 0, -1)) do
  local entries, skip = fresh(priority, max)
  eachJob(entries, skip, max, 0, priority, function(n, job)
    ready[#ready + 1] = { n, tonumber(priority), job }
  end)
  if #ready >= 2 * max then break end
end
table.sort(ready, function(one, other)
  if one[2] == other[2] then return one[1] < other[1] end
  return one[2] > other[2]
end)
local seen = {}
local function see(state, job)
  if job and #seen < max then
    seen[#seen + 1] = { state, job[1], job[3], job[4], job[2], job[5] }
  end
end
for _, each in ipairs(ready) do see('ready', each[3]) end
for _, member in ipairs(call('ZRANGE', P .. 'delayed', 0, max - 1)) do
  see('delayed', load(string.match(member, '^(%d+):')))
end
for _, lease in ipairs(call('ZRANGE', P .. 'leases', 0, max - 1)) do
  if string.sub(lease, 1, 2) == 't:' then
    local token = string.sub(lease, 3)
    jobsOf(takeOf(token), doneOf(token), function(_, job) see('leased', job) end)
  else
    see('leased', load((split(lease))))
  end
end
return seen
`;

/** ARGV: the last dead job seen, the last one to see, ids as a JSON list or "". Gives { the last one seen or "", number }. */
export const REDRIVE = `${COMMON}${RETURNING}
local wanted
if ARGV[3] ~= '' then
  wanted = {}
  for _, id in ipairs(cjson.decode(ARGV[3])) do wanted[id] = true end
end
local entries = call('XRANGE', P .. 'dead', ARGV[1], ARGV[2], 'COUNT', 500)
local count, isNews = 0, false
for _, entry in ipairs(entries) do
  local job = fields(entry[2])
  if not wanted or wanted[cjson.decode((struct.unpack('>I2c0', job.j)))[1]] then
    local n = call('HINCRBY', P .. 'meta', 'n', 1)
    open(job.p)
    if level(tonumber(job.p)) then isNews = true end
    call('XADD', P .. 's:' .. job.p, n .. '-' .. job.t, 'j', job.j, 'r', job.r)
    call('XDEL', P .. 'dead', entry[1])
    count = count + 1
  end
end
if count > 0 then call('HINCRBY', P .. 'meta', 'len', count) end
if isNews then wake() end
return { #entries == 500 and entries[500][1] or '', count }
`;

/** ARGV: "jobs" or "dead". Gives the number of those that are gone. */
export const PURGE = `${COMMON}${ENTRIES}${TAKES}
if ARGV[1] == 'dead' then
  local count = call('XLEN', P .. 'dead')
  call('UNLINK', P .. 'dead')
  return count
end
local count = tonumber(call('HGET', P .. 'meta', 'len') or 0)
for _, token in ipairs(call('HKEYS', P .. 'takes')) do
  count = count - countOf(doneOf(token))
  call('DEL', P .. 'done:' .. token)
end
for _, priority in ipairs(call('SMEMBERS', P .. 'streams')) do call('UNLINK', P .. 's:' .. priority) end
for _, name in ipairs({ 'streams', 'levels', 'held', 'back', 'delayed', 'leases', 'takes', 'order', 'lines' }) do call('UNLINK', P .. name) end
call('HSET', P .. 'meta', 'len', 0)
call('HINCRBY', P .. 'meta', 'e', 1)
return count
`;
