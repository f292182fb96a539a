-- One scenario for wrk. Its arguments are the method, a body in which $N stands for a counter, and a file with one line
-- for each request: an API key, or nothing, and a path.
local method, template, targets = 'GET', nil, {}
local counter, thread_number = 0, 0
local next_thread = 1

function setup(thread)
  thread:set('thread_number', next_thread)
  next_thread = next_thread + 1
end

function init(args)
  method = args[1]
  template = args[2] ~= '' and args[2] or nil
  for line in io.lines(args[3]) do
    local key, path = line:match('^(%S*) (%S+)$')
    targets[#targets + 1] = { authorization = 'Bearer ' .. key, path = path }
  end
  if template then wrk.headers['Content-Type'] = 'application/json' end
end

function request()
  counter = counter + 1
  local number = thread_number .. '_' .. counter
  local body = template and template:gsub('%$N', number) or nil
  local target = targets[(counter % #targets) + 1]
  wrk.headers['Authorization'] = target.authorization
  return wrk.format(method, target.path, nil, body)
end

function done(summary, latency)
  local errors = summary.errors
  io.write(string.format(
    'RESULT {"requests":%d,"durationUs":%d,"p50Us":%d,"p99Us":%d,"notOk":%d,"broken":%d}\n',
    summary.requests, summary.duration, latency:percentile(50), latency:percentile(99),
    errors.status, errors.connect + errors.read + errors.write + errors.timeout))
end
