/**
 * Applies changes to one partition, if its marker is the one expected, and puts the next marker in its place.
 * Keys: the marker, keys to set, keys to remove. Arguments: the marker expected, the next one, how many keys to set,
 * their values. Answers 1; 0 where the marker is another; 2 where it is the next one already.
 */
export const APPLY = `local found = redis.call('GET', KEYS[1])
if found == ARGV[2] then return 2 end
if found ~= ARGV[1] then return 0 end
local sets = tonumber(ARGV[3])
for i = 1, sets do redis.call('SET', KEYS[i + 1], ARGV[i + 3]) end
for i = sets + 2, #KEYS do redis.call('UNLINK', KEYS[i]) end
redis.call('SET', KEYS[1], ARGV[2])
return 1`;

/** Sets a second key, if the marker is the one expected. Keys: the marker, the key. Arguments: the marker, the value. */
export const SET_IF = `if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
redis.call('SET', KEYS[2], ARGV[2])
return 1`;

/** Puts a marker in place, whatever is there. */
export const PLACE = `redis.call('SET', KEYS[1], ARGV[1])
return 1`;

export const REMOVE = `for i = 1, #KEYS do redis.call('UNLINK', KEYS[i]) end
return 1`;
