#!lua flags=no-writes,allow-cross-slot-keys
-- Tells the heads of logs that differ from those that the caller knows.
--
-- KEYS: none. The names of 256 keys would be most of the request, so they are made here of two parts.
-- ARGV:
--   1 and 2 the name of a head before and after the number of its shard
--   3 store id, as in a head               4 the most heads to tell
--   5 seven bytes for each shard, big-endian: its number (1), the last sequence number that is known modulo 65,536 (2),
--     the nonce that is known modulo 1,000,000,000 (4)
-- Returns one of
--   {'all', heads}   {'cut', heads} if more differ: ask again for the shards after the last
--   {'foreign', store id found or empty}
-- where heads are a text: shard, sequence number and nonce of each, decimal, with spaces between them.
--
-- Numbers of Lua are exact up to 2^53 only. So a nonce is compared by its last nine digits, which are random.

local BEFORE, AFTER, store, most, known = ARGV[1], ARGV[2], ARGV[3], tonumber(ARGV[4]), ARGV[5]
local OF_SHARD, SEQUENCES = 7, 65536

local heads, told = {}, 0
for at = 1, #known, OF_SHARD do
  local shard, seq, nonce = struct.unpack('>I1I2I4', known, at)
  local head = redis.call('HMGET', BEFORE .. shard .. AFTER, 'store', 'seq', 'nonce')
  if head[1] ~= store then
    return {'foreign', head[1] or ''}
  end
  local now_seq, now_nonce = tonumber(head[2] or ''), tonumber(string.sub(head[3] or '', -9))
  if not now_seq or now_seq % SEQUENCES ~= seq or now_nonce ~= nonce then
    if told == most then
      return {'cut', table.concat(heads, ' ')}
    end
    told = told + 1
    heads[told] = shard .. ' ' .. (head[2] or '') .. ' ' .. (head[3] or '')
  end
end
return {'all', table.concat(heads, ' ')}
