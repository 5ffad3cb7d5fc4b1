-- For wrk: POSTs the lines of the file BODIES in turn, each a whole GraphQL request with its own variables.
local bodies, turn = {}, 0
for line in io.lines(os.getenv("BODIES")) do
  bodies[#bodies + 1] = line
end
wrk.method = "POST"
wrk.headers["content-type"] = "application/json"

function request()
  turn = turn % #bodies + 1
  return wrk.format(nil, nil, nil, bodies[turn])
end
