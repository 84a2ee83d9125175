#!lua name=@LIBRARY@

-- Writes one signal to every stream it belongs on, once, or does nothing at all.
--
-- keys: ids, sequence, latest, versions, then the streams: the signal stream and the consumers', or the test stream.
-- args: see the names below; numbers are decimal text, so that no nanosecond passes through a Lua number.
-- Replies the sequence on the first stream, or DUPLICATE if the id was written before, by whomever.
--
-- A script that fails half way is not rolled back. So everything that could fail is looked at before the first write.

local HELD = {'zset', 'hash', 'hash', 'hash'}
local ID_COUNTER = 'ids'
local IDS_PER_ENTRY = 10

local function find_fault(keys, id, after)
  for index, key in ipairs(keys) do
    local found, wanted = redis.call('TYPE', key)['ok'], HELD[index] or 'stream'
    if found ~= 'none' and found ~= wanted then
      return 'WRONGTYPE ' .. key .. ' holds a ' .. found .. ' where a ' .. wanted .. ' belongs'
    end
  end
  for index = #HELD, #keys do
    local counter = index == #HELD and ID_COUNTER or keys[index]
    local count = redis.call('HGET', keys[2], counter)
    if count and not string.match(count, '^%d+$') then
      return 'WRONGCOUNT ' .. keys[2] .. ' holds ' .. count .. ' for ' .. counter
    end
  end
  if after ~= '' and not redis.call('ZSCORE', keys[1], after) then
    return 'ORDER ' .. after .. ' is not written, and comes before ' .. id
  end
  return nil
end

local function publish(keys, args)
  local ids, sequence, latest, versions = unpack(keys, 1, #HELD)
  local id, after, kind, instrument, ts_scored, ts_publish, late_ms, data, version, length = unpack(args)

  local held = redis.call('TYPE', ids)['ok']
  if held == 'zset' and redis.call('ZSCORE', ids, id) then
    return redis.status_reply('DUPLICATE')
  end
  local fault = find_fault(keys, id, after)
  if fault then
    return redis.error_reply(fault)
  end

  redis.call('ZADD', ids, redis.call('HINCRBY', sequence, ID_COUNTER, 1), id)
  local first, longest = nil, tonumber(length)
  for index = #HELD + 1, #keys do
    local stream = keys[index]
    local number = redis.call('HINCRBY', sequence, stream, 1)
    redis.call('XADD', stream, 'MAXLEN', '=', length, '*',
      'id', id, 'kind', kind, 'instrument', instrument, 'sequence', number,
      'ts_scored', ts_scored, 'ts_publish', ts_publish, 'late_ms', late_ms, 'data', data)
    first = first or number
    longest = math.max(longest, redis.call('XLEN', stream))
  end

  if version ~= '' then
    local field = kind .. ' ' .. (instrument == '' and '*' or instrument)
    local newest = redis.call('HGET', versions, field)
    if not newest or newest <= version then
      redis.call('HSET', versions, field, version)
      redis.call('HSET', latest, field, data)
    end
  end
  redis.call('ZREMRANGEBYRANK', ids, 0, -(IDS_PER_ENTRY * longest + 1))
  return first
end

redis.register_function('@FUNCTION@', publish)
