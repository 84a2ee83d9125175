#!lua name=@LIBRARY@

-- Writes signals to every stream they belong on, each once, or does nothing at all.
--
-- keys: ids, sequence, latest, versions, then the streams: the signal stream and the consumers', or the test stream.
-- args: the id that must have been written before, the streams' length, how many ids are remembered, then PER_SIGNAL for
-- each signal, see the names below; numbers are decimal text, so that no nanosecond passes through a Lua number.
-- Replies, for each signal, its sequence on the first stream, or DUPLICATE if its id was written before, by whomever;
-- for a single one that alone.
--
-- A script that fails half way is not rolled back. So everything that could fail is looked at before the first write.
-- And each look costs what a write costs: so one command looks at a key's type and reads what is wanted of it for all
-- signals, and only where that failed is the key asked for its type.

local HELD = {'zset', 'hash', 'hash', 'hash'}
local ID_COUNTER = 'ids'
local SHARED = 3
local PER_SIGNAL = 8

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

-- The ids to ask for, that before them last; and each signal's field among the latest.
local function read(args)
  local asked, fields = {}, {}
  for at = SHARED + 1, #args, PER_SIGNAL do
    local number, instrument = #fields + 1, args[at + 2]
    asked[number] = args[at]
    fields[number] = args[at + 1] .. ' ' .. (instrument == '' and '*' or instrument)
  end
  asked[#asked + 1] = args[1]
  return asked, fields
end

-- Each counter as a number, in the order of the streams and then that of the ids; or nil and which is none.
local function numbers_of(counts, names)
  local numbers = {}
  for index, name in ipairs(names) do
    local count = counts[index] or '0'
    if not string.match(count, '^%d+$') then
      return nil, count .. ' for ' .. name
    end
    numbers[index] = tonumber(count)
  end
  return numbers
end

-- A reply for each id that is held, or stands in ``asked`` twice; and how many are neither.
local function sort_out(asked, held)
  local replies, is_new, news = {}, {}, 0
  for number = 1, #asked - 1 do
    local id = asked[number]
    if held[number] or is_new[id] then
      replies[number] = redis.status_reply('DUPLICATE')
    else
      is_new[id], news = true, news + 1
    end
  end
  return replies, news
end

local function answer(replies)
  return #replies == 1 and replies[1] or replies
end

local function publish(keys, args)
  local ids, sequence, latest, versions = unpack(keys, 1, #HELD)
  local after, length, remembered = unpack(args, 1, SHARED)
  local asked, fields = read(args)

  local held = redis.pcall('ZMSCORE', ids, unpack(asked))
  if has_failed(held) then
    return wrong_type(keys)
  end
  local replies, news = sort_out(asked, held)
  if news == 0 then
    return answer(replies)
  end
  local names = {unpack(keys, #HELD + 1)}
  names[#names + 1] = ID_COUNTER
  local counts = redis.pcall('HMGET', sequence, unpack(names))
  local newest = redis.pcall('HMGET', versions, unpack(fields))
  if has_failed(counts) or has_failed(newest) or has_failed(redis.pcall('HSTRLEN', latest, fields[1])) then
    return wrong_type(keys)
  end
  for index = #HELD + 1, #keys do
    if has_failed(redis.pcall('XLEN', keys[index])) then
      return wrong_type(keys)
    end
  end
  local numbers, none = numbers_of(counts, names)
  if not numbers then
    return redis.error_reply('WRONGCOUNT ' .. sequence .. ' holds ' .. none)
  end
  if after ~= '' and not held[#asked] and not held[1] then
    return redis.error_reply('ORDER ' .. after .. ' is not written, and comes before ' .. asked[1])
  end

  local scores, counted, dated, dates, shown = {}, {}, {}, {}, {}
  for number, field in ipairs(fields) do
    if not replies[number] then
      local at = SHARED + 1 + (number - 1) * PER_SIGNAL
      local id, kind, instrument, ts_scored, ts_publish, late_ms, data, version = unpack(args, at, at + PER_SIGNAL - 1)
      for index, name in ipairs(names) do
        numbers[index] = numbers[index] + 1
        counted[2 * index - 1], counted[2 * index] = name, string.format('%.0f', numbers[index])
      end
      for index = 1, #names - 1 do
        redis.call('XADD', names[index], 'MAXLEN', '=', length, '*',
          'id', id, 'kind', kind, 'instrument', instrument, 'sequence', counted[2 * index],
          'ts_scored', ts_scored, 'ts_publish', ts_publish, 'late_ms', late_ms, 'data', data)
      end
      scores[#scores + 1], scores[#scores + 2] = counted[#counted], id
      replies[number] = numbers[1]
      local known = dated[field] or newest[number]
      if version ~= '' and (not known or known <= version) then
        dated[field] = version
        dates[#dates + 1], dates[#dates + 2] = field, version
        shown[#shown + 1], shown[#shown + 2] = field, data
      end
    end
  end
  redis.call('HSET', sequence, unpack(counted))
  redis.call('ZADD', ids, unpack(scores))
  if #dates > 0 then
    redis.call('HSET', versions, unpack(dates))
    redis.call('HSET', latest, unpack(shown))
  end
  redis.call('ZREMRANGEBYRANK', ids, 0, -(tonumber(remembered) + 1))
  return answer(replies)
end

redis.register_function('@FUNCTION@', publish)
