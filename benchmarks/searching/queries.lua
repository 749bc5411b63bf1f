-- Ask one question after the other; usage: wrk -s queries.lua URL -- FILE
-- FILE holds the Authorization header in its first line and a path in each other line.

local requests, count, turn = {}, 0, 0

function init(args)
  local authorization
  for line in io.lines(args[1]) do
    if authorization == nil then
      authorization = line
    else
      count = count + 1
      requests[count] = wrk.format("GET", line, {["Authorization"] = authorization, ["Host"] = "bench"})
    end
  end
end

function request()
  turn = turn % count + 1
  return requests[turn]
end

done = dofile(os.getenv("REPORT"))
