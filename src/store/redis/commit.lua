#!lua
-- Commits records, row buckets, side records, audit events and change-log entries of one shard and one tenant in one
-- step, guarded by the versions of records and side records.
--
-- KEYS (one hash tag, in the order of keys.rs):
--   1 head: hash of store, seq, nonce      2 log: stream      3 rows: hash
--   4 events: sorted set
--   from 5 on, a hash for each kind of record and side record; every value begins with a version
-- ARGV:
--   1 store id, as in the head             2 nonce of the last entry, decimal
--   3 log entries to keep                  4 channel of notifications
--   5 shard, decimal                       6 count of records
--   7 count of buckets to set              8 count of side records
--   9 count of events
--   then six for each record: place of its hash in KEYS (negative: delete the record), id, version expected (eight
--     bytes, or empty if there must be no record), header of the log entry, state (empty if deleted), and 1 if the
--     state follows the header in the log, else 0
--   then four for each side record: place of its hash in KEYS, id, version expected (as above), new version and state
--   then one for each event: its place in time and its bytes
--   then two for each bucket to set: id, bytes
--   then the ids of buckets to delete
-- Returns one of
--   {'committed', last sequence}   {'conflict'}   {'foreign', store id found or empty}   {'replica'}
--
-- Redis does not take back the writes of a script that fails later. So everything that can fail is done before the first
-- write: guards, types and rights are checked, and the first write is to the log, which refuses a sequence number that
-- is not above its last. Out of memory, disk full and read-only replica are found before a script without flags starts.
-- A replica that takes writes loses them when it synchronises, so it is refused here. A user without the right to call
-- INFO is not told the role, and passes.

local HEAD, LOG, ROWS, EVENTS = KEYS[1], KEYS[2], KEYS[3], KEYS[4]
local FIRST_HASH = 5
local FIRST_RECORD, OF_RECORD, OF_SIDE_RECORD, OF_BUCKET = 10, 6, 4, 2
-- The number of values that one call takes from a table, an even number; Lua's stack ends at 8,000.
local BATCH = 2000

local store, nonce, kept, channel, shard = ARGV[1], ARGV[2], tonumber(ARGV[3]), ARGV[4], ARGV[5]
local records = tonumber(ARGV[6])
local first_side_record = FIRST_RECORD + records * OF_RECORD
local first_event = first_side_record + tonumber(ARGV[8]) * OF_SIDE_RECORD
local first_bucket = first_event + tonumber(ARGV[9])
local first_deleted_bucket = first_bucket + tonumber(ARGV[7]) * OF_BUCKET

local function in_batches(list, from, to, call)
  for start = from, to, BATCH do
    call(unpack(list, start, math.min(start + BATCH - 1, to)))
  end
end

local replication = redis.pcall('INFO', 'replication')
if type(replication) == 'string' and string.find(replication, 'role:slave', 1, true) then
  return {'replica'}
end

local head = redis.call('HMGET', HEAD, 'store', 'seq')
local seq = tonumber(head[2])
if head[1] ~= store or not seq then
  return {'foreign', head[1] or ''}
end

-- Guards.
local ids, expected, set, deleted = {}, {}, {}, {}
for index = FIRST_HASH, #KEYS do
  ids[index], expected[index], set[index], deleted[index] = {}, {}, {}, {}
end
local function expect(at)
  local index = math.abs(tonumber(ARGV[at]))
  table.insert(ids[index], ARGV[at + 1])
  table.insert(expected[index], ARGV[at + 2])
end
for at = FIRST_RECORD, first_side_record - 1, OF_RECORD do
  expect(at)
end
for at = first_side_record, first_event - 1, OF_SIDE_RECORD do
  expect(at)
end
for index = FIRST_HASH, #KEYS do
  local checked, holds = 0, true
  in_batches(ids[index], 1, #ids[index], function(...)
    for _, value in ipairs(redis.call('HMGET', KEYS[index], ...)) do
      checked = checked + 1
      if (value and string.sub(value, 1, 8) or '') ~= expected[index][checked] then
        holds = false
      end
    end
  end)
  if not holds then
    return {'conflict'}
  end
end

-- Types and rights.
redis.call('HLEN', ROWS)
redis.call('ZCARD', EVENTS)
for _, command in ipairs({
  {'HSET', HEAD, 'seq', ''},
  {'HDEL', ROWS, ''},
  {'XTRIM', LOG, 'MINID', '0'},
  {'ZADD', EVENTS, '0', ''},
}) do
  if not redis.acl_check_cmd(unpack(command)) then
    return redis.error_reply('NOPERM this user may not run ' .. command[1])
  end
end

-- Writes. The log first, without what would be trimmed again.
local oldest = seq + records - kept + 1
for at = FIRST_RECORD, first_side_record - 1, OF_RECORD do
  seq = seq + 1
  local index, id, header, state = tonumber(ARGV[at]), ARGV[at + 1], ARGV[at + 3], ARGV[at + 4]
  if seq >= oldest then
    local logged = ARGV[at + 5] == '1' and state or ''
    redis.call('XADD', LOG, string.format('%.0f-0', seq), 'e', header .. logged)
  end
  if index < 0 then
    table.insert(deleted[-index], id)
  else
    table.insert(set[index], id)
    table.insert(set[index], struct.pack('>I8', seq) .. state)
  end
end
for at = first_side_record, first_event - 1, OF_SIDE_RECORD do
  local index = tonumber(ARGV[at])
  table.insert(set[index], ARGV[at + 1])
  table.insert(set[index], ARGV[at + 3])
end
for index = FIRST_HASH, #KEYS do
  local key = KEYS[index]
  in_batches(set[index], 1, #set[index], function(...) redis.call('HSET', key, ...) end)
  in_batches(deleted[index], 1, #deleted[index], function(...) redis.call('HDEL', key, ...) end)
end
for at = first_event, first_bucket - 1 do
  redis.call('ZADD', EVENTS, '0', ARGV[at])
end
in_batches(ARGV, first_bucket, first_deleted_bucket - 1, function(...) redis.call('HSET', ROWS, ...) end)
in_batches(ARGV, first_deleted_bucket, #ARGV, function(...) redis.call('HDEL', ROWS, ...) end)

if records > 0 then
  if oldest > 1 then
    redis.call('XTRIM', LOG, 'MINID', string.format('%.0f-0', oldest))
  end
  local last = string.format('%.0f', seq)
  redis.call('HSET', HEAD, 'seq', last, 'nonce', nonce)
  -- A notification may be lost: a user without the right to publish must not lose a commit by it.
  redis.pcall('PUBLISH', channel, shard .. ':' .. last)
end
return {'committed', seq}
