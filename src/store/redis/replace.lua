#!lua
-- Replaces a value if it is still the one that was read.
--
-- KEYS: 1 the key
-- ARGV: 1 the value read   2 the new value
-- Returns 1 if it was replaced, 0 if there is another value, 2 if there is none.

local found = redis.call('GET', KEYS[1])
if not found then
  return 2
end
if found ~= ARGV[1] then
  return 0
end
redis.call('SET', KEYS[1], ARGV[2])
return 1
