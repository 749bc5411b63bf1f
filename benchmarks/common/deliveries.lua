-- Post signed deliveries, each with a delivery id of its own; usage: wrk -s deliveries.lua URL -- DELIVERIES SEED
-- DELIVERIES.bin holds the requests one after the other, each cut where the delivery id belongs;
-- DELIVERIES.idx holds one line per request with the lengths of its two parts.

local heads, tails, count, turn = {}, {}, 0, 0
local random, format = math.random, string.format

function init(args)
  math.randomseed(tonumber(args[2]))
  local data = assert(io.open(args[1] .. ".bin", "rb"))
  for line in io.lines(args[1] .. ".idx") do
    local head, tail = line:match("(%d+) (%d+)")
    count = count + 1
    heads[count], tails[count] = data:read(tonumber(head)), data:read(tonumber(tail))
  end
  data:close()
end

local function delivery_id()
  return format("%08x-%04x-4%03x-%04x-%06x%06x", random(0, 0xffff) * 0x10000 + random(0, 0xffff),
    random(0, 0xffff), random(0, 0xfff), random(0x8000, 0xbfff), random(0, 0xffffff), random(0, 0xffffff))
end

function request()
  turn = turn % count + 1
  return heads[turn] .. delivery_id() .. tails[turn]
end

done = dofile(os.getenv("REPORT"))
