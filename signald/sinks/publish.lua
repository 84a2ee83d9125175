#!lua name=@LIBRARY@

-- Writes one signal to every stream it belongs on, once, or does nothing at all.
--
-- keys: ids, sequence, latest, versions, then the streams: the signal stream and the consumers', or the test stream.
-- args: see the names below; numbers are decimal text, so that no nanosecond passes through a Lua number.
-- Replies the sequence on the first stream, or DUPLICATE if the id was written before, by whomever.
--
-- A script that fails half way is not rolled back. So everything that could fail is looked at before the first write.

-- And each look costs what a write costs: so one command looks at a key's type and reads what is wanted of it, and
-- only where that failed is the key asked for its type.

local HELD = {'zset', 'hash', 'hash', 'hash'}
local ID_COUNTER = 'ids'
local IDS_PER_ENTRY = 10

local function has_failed(reply)
  return type(reply) == 'table' and reply['err'] ~= nil
end

local function wrong_type(keys)
  for index, key in ipairs(keys) do
    local found, wanted = redis.call('TYPE', key)['ok'], HELD[index] or 'stream'
    if found ~= 'none' and found ~= wanted then
      return redis.error_reply('WRONGTYPE ' .. key .. ' holds a ' .. found .. ' where a ' .. wanted .. ' belongs')
    end
  end
end

-- Each counter's next number as text, in the order of the streams and then that of the ids; or nil and which is none.
local function next_numbers(counts, names)
  local numbers = {}
  for index, name in ipairs(names) do
    local count = counts[index] or '0'
    if not string.match(count, '^%d+$') then
      return nil, count .. ' for ' .. name
    end
    numbers[index] = string.format('%.0f', tonumber(count) + 1)
  end
  return numbers
end

local function publish(keys, args)
  local ids, sequence, latest, versions = unpack(keys, 1, #HELD)
  local id, after, kind, instrument, ts_scored, ts_publish, late_ms, data, version, length = unpack(args)
  local field = kind .. ' ' .. (instrument == '' and '*' or instrument)

  local held = redis.pcall('ZMSCORE', ids, id, after)
  if has_failed(held) then
    return wrong_type(keys)
  end
  if held[1] then
    return redis.status_reply('DUPLICATE')
  end
  local names = {unpack(keys, #HELD + 1)}
  table.insert(names, ID_COUNTER)
  local counts = redis.pcall('HMGET', sequence, unpack(names))
  local newest = redis.pcall('HGET', versions, field)
  if has_failed(counts) or has_failed(newest) or has_failed(redis.pcall('HSTRLEN', latest, field)) then
    return wrong_type(keys)
  end
  for index = #HELD + 1, #keys do
    if has_failed(redis.pcall('XLEN', keys[index])) then
      return wrong_type(keys)
    end
  end
  local numbers, none = next_numbers(counts, names)
  if not numbers then
    return redis.error_reply('WRONGCOUNT ' .. sequence .. ' holds ' .. none)
  end
  if after ~= '' and not held[2] then
    return redis.error_reply('ORDER ' .. after .. ' is not written, and comes before ' .. id)
  end

  redis.call('ZADD', ids, numbers[#numbers], id)
  local fields = {}
  for index, name in ipairs(names) do
    fields[2 * index - 1], fields[2 * index] = name, numbers[index]
  end
  redis.call('HSET', sequence, unpack(fields))
  for index = 1, #names - 1 do
    redis.call('XADD', names[index], 'MAXLEN', '=', length, '*',
      'id', id, 'kind', kind, 'instrument', instrument, 'sequence', numbers[index],
      'ts_scored', ts_scored, 'ts_publish', ts_publish, 'late_ms', late_ms, 'data', data)
  end

  if version ~= '' and (not newest or newest <= version) then
    redis.call('HSET', versions, field, version)
    redis.call('HSET', latest, field, data)
  end
  redis.call('ZREMRANGEBYRANK', ids, 0, -(IDS_PER_ENTRY * tonumber(length) + 1))
  return tonumber(numbers[1])
end

redis.register_function('@FUNCTION@', publish)
