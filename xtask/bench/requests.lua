-- For wrk: the targets of a file in turn, `wrk .. URL -- FILE`, and one line of JSON when done.
-- Every request is made before the first is sent, so that making them costs no time of the run.

local requests, last = {}, 0

function init(args)
  for target in io.lines(args[1]) do
    requests[#requests + 1] = wrk.format("GET", target)
  end
end

function request()
  last = last % #requests + 1
  return requests[last]
end

function done(summary, latency)
  local errors = summary.errors
  local failed = errors.connect + errors.read + errors.write + errors.status + errors.timeout
  io.write(string.format('{"requests":%d,"micros":%d,"p99_micros":%d,"failed":%d}\n',
    summary.requests, summary.duration, latency:percentile(99.0), failed))
end
