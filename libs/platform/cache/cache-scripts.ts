import { RedisScript } from '#platform/redis';

/** How long nothing is stored of a record that is being changed, in ms: longer than any announced change may take until its commit. */
export const holdMs = 30_000;
/** How much later than it was asked for something may be stored, in ms. Less than `holdMs`. */
const patienceMs = 5_000;
/** How long changes are remembered after the last one, in ms. To forget them costs `holdMs` without storing. */
const rememberedMs = 86_400_000;

/** Times are those of the server, in ms. `changing` holds when changes of records end, and under the empty name, negated, since when it knows. */
const prelude = `
local time = redis.call('TIME')
local now = tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)
local text = function(number) return string.format('%.0f', number) end
local value, changing = KEYS[1], KEYS[2]
local known_since = function()
  local since = redis.call('ZSCORE', changing, '')
  if since then return -tonumber(since) end
  redis.call('ZADD', changing, text(-now), '')
  redis.call('PEXPIRE', changing, ${rememberedMs})
  return now
end
`;

/**
 * What is stored under KEYS[1] in the field ARGV[1]; else the time at which it was asked, with which it may be stored, or 0 where it may
 * not: the record ARGV[2] is being changed, or such a change may have been forgotten.
 */
export const lookUpScript = new RedisScript(`
local found = redis.pcall('HGET', KEYS[1], ARGV[1])
if type(found) == 'string' then return found end
${prelude}
if type(found) == 'table' then redis.call('DEL', value) end
if known_since() + ${holdMs} >= now then return 0 end
local ends = redis.call('ZSCORE', changing, ARGV[2])
if ends and tonumber(ends) >= now then return 0 end
return now
`);

/**
 * Stores ARGV[4] in the field ARGV[1] for ARGV[5] ms, unless a change of the record ARGV[2] began after ARGV[3], when it was asked for, or may have
 * been forgotten since; or that is long ago, so that such a change may be over already. All fields of a record end together.
 */
export const fillScript = new RedisScript(`${prelude}
local asked = tonumber(ARGV[3])
local ends = redis.call('ZSCORE', changing, ARGV[2])
if known_since() + ${holdMs} >= asked or asked > now or now - asked > ${patienceMs} or ends and tonumber(ends) >= asked then return 0 end
redis.call('HSET', value, ARGV[1], ARGV[4])
if redis.call('PTTL', value) < 0 then redis.call('PEXPIRE', value, ARGV[5]) end
return 1
`);

/**
 * A change of the record ARGV[1] begins: what is stored of it goes, and nothing is stored before it ends. Answers when that is, by which
 * `endScript` knows it, or 0 where another one was under way.
 */
export const beginScript = new RedisScript(`${prelude}
redis.call('DEL', value)
known_since()
local ends = tonumber(redis.call('ZSCORE', changing, ARGV[1]) or '0')
local is_alone = ends < now
ends = math.max(now + ${holdMs}, ends + 1)
redis.call('ZADD', changing, text(ends), ARGV[1])
redis.call('ZREMRANGEBYSCORE', changing, 0, text(now - ${patienceMs} - 1))
redis.call('PEXPIRE', changing, ${rememberedMs})
return is_alone and ends or 0
`);

/**
 * The change of the record ARGV[1] that would end at ARGV[2] has ended, if no other began meanwhile: what is asked for from now on may be stored. So may be what the change
 * has left, ARGV[4] in the field ARGV[3] for ARGV[5] ms, where every change that began before it was remembered, and it comes in time.
 */
export const endScript = new RedisScript(`${prelude}
local ends = redis.call('ZSCORE', changing, ARGV[1])
if not ends or tonumber(ends) ~= tonumber(ARGV[2]) then return 0 end
redis.call('ZADD', changing, text(now), ARGV[1])
local began = tonumber(ends) - ${holdMs}
if not ARGV[3] or known_since() + ${holdMs} >= began or now - began > ${patienceMs} then return 0 end
redis.call('HSET', value, ARGV[3], ARGV[4])
redis.call('PEXPIRE', value, ARGV[5])
return 1
`);

export const cacheScripts = [lookUpScript, fillScript, beginScript, endScript];
