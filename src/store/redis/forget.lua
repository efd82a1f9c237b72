#!lua
-- Erases the content of a change log up to an entry: the entries before it are dropped, and it gets other bytes.
--
-- KEYS: 1 log: stream
-- ARGV: 1 sequence number of the entry, decimal   2 its new bytes
-- Returns 1 if it was done, 0 if the entry is not in the log.
--
-- An entry of a stream cannot be changed, and none can be added before the last. So the stream is made again.

local LOG, last, blank = KEYS[1], ARGV[1] .. '-0', ARGV[2]

if #redis.call('XRANGE', LOG, last, last) == 0 then
  return 0
end
local after = redis.call('XRANGE', LOG, '(' .. last, '+')
for _, command in ipairs({{'DEL', LOG}, {'XADD', LOG, '1-0', 'e', ''}}) do
  if not redis.acl_check_cmd(unpack(command)) then
    return redis.error_reply('NOPERM this user may not run ' .. command[1])
  end
end
redis.call('DEL', LOG)
redis.call('XADD', LOG, last, 'e', blank)
for _, entry in ipairs(after) do
  redis.call('XADD', LOG, entry[1], unpack(entry[2]))
end
return 1
