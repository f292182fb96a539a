-- One scenario for wrk, given as arguments: method, authorization, content of a body with $N for a counter.
local method, key, template, paths = 'GET', nil, nil, {}
local counter, thread_number = 0, 0
local next_thread = 1

function setup(thread)
  thread:set('thread_number', next_thread)
  next_thread = next_thread + 1
end

function init(args)
  method = args[1]
  key = args[2]
  template = args[3] ~= '' and args[3] or nil
  for index = 4, #args do paths[#paths + 1] = args[index] end
  wrk.headers['Authorization'] = 'Bearer ' .. key
  if template then wrk.headers['Content-Type'] = 'application/json' end
end

function request()
  counter = counter + 1
  local number = thread_number .. '_' .. counter
  local body = template and template:gsub('%$N', number) or nil
  local path = paths[(counter % #paths) + 1]
  return wrk.format(method, path, nil, body)
end

function done(summary, latency)
  local errors = summary.errors
  io.write(string.format(
    'RESULT {"requests":%d,"durationUs":%d,"p50Us":%d,"p99Us":%d,"notOk":%d,"broken":%d}\n',
    summary.requests, summary.duration, latency:percentile(50), latency:percentile(99),
    errors.status, errors.connect + errors.read + errors.write + errors.timeout))
end
