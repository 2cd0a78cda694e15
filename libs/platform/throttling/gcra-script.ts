import { RedisScript } from '#platform/redis';
import { firstBlock, forgivenAfter, longestBlock, maxStrikes } from './gcra';

/**
 * `take` of gcra.ts as one atomic step of a Redis server, on its clock. KEYS: the bucket; ARGV: the
 * limit, and the time in microseconds in which so many are refilled. Answers whether the
 * request passes, then what is kept, each time as the microseconds from now. Numbers are formatted by hand, because Lua
 * writes 14 digits. A bucket that says no more than a missing one would is forgotten.
 */
export const gcraScript = new RedisScript(`
local function least(a, b) if a < b then return a end return b end
local function most(a, b) if a > b then return a end return b end
local time = redis.call('TIME')
local now = tonumber(time[1]) * 1000000 + tonumber(time[2])
local limit, span = tonumber(ARGV[1]), tonumber(ARGV[2])
local interval = most(1, math.floor(span / limit))
local depth = interval * limit
local full_at, blocked_at, blocked_until, strikes, refused = 0, 0, 0, 0, 0
local kept = redis.call('GET', KEYS[1])
if kept then
  local a, b, c, d, e = string.match(kept, '^(%d+) (%d+) (%d+) (%d+) (%d+)$')
  if a then
    full_at, blocked_at, blocked_until = tonumber(a), tonumber(b), tonumber(c)
    strikes, refused = tonumber(d), tonumber(e)
  end
end
full_at = least(full_at, now + depth)
blocked_at = least(blocked_at, now)
blocked_until = least(blocked_until, now + most(${longestBlock}, interval))
local function block(new_strikes)
  strikes = new_strikes
  refused = 0
  blocked_at = now
  blocked_until = now + most(full_at + interval - depth - now, least(${longestBlock}, ${firstBlock} * 2 ^ strikes))
end
local passes = 0
if now < blocked_until then
  refused = refused + 1
  local is_late = 2 * (now - blocked_at) >= blocked_until - blocked_at
  if is_late or refused >= limit then block(least(${maxStrikes}, strikes + 1)) end
else
  local next_full_at = most(full_at, now) + interval
  if next_full_at - now <= depth then
    full_at = next_full_at
    passes = 1
  else
    block(most(0, strikes - math.floor((now - blocked_until) / ${forgivenAfter})))
  end
end
local forget_at = most(full_at, blocked_until + strikes * ${forgivenAfter})
redis.call('SET', KEYS[1], string.format('%.0f %.0f %.0f %.0f %.0f', full_at, blocked_at, blocked_until, strikes, refused),
  'PX', string.format('%.0f', most(1, math.ceil((forget_at - now) / 1000))))
return { passes, full_at - now, blocked_at - now, blocked_until - now, strikes, refused }
`);
