const { spawn } = require('node:child_process');
const { closeSync, existsSync, openSync, readdirSync, readFileSync } = require('node:fs');
const { createServer } = require('node:net');

const readyMsMax = 60_000;
const stopMsMax = 20_000;
const pollMs = 25;
const pauseMsMax = 1_000;

/** Starts a server and waits until its log matches `ready`. index.d.cts describes the methods of the handle. */
async function startServer({ command, args, ready, logFile, outlives = false }) {
  const launch = () => launchServer({ command, args, ready, logFile, outlives });
  let child = await launch();
  return {
    get pid() {
      return child.pid;
    },
    stop: () => end(child, 'SIGTERM'),
    kill: () => end(child, 'SIGKILL'),
    pause() {
      const isSent = child.kill('SIGSTOP');
      untilStopped(child.pid);
      return isSent;
    },
    resume: () => child.kill('SIGCONT'),
    restart: async () => {
      await end(child, 'SIGTERM');
      child = await launch();
    },
  };
}

async function launchServer({ command, args, ready, logFile, outlives }) {
  const log = openSync(logFile, 'w');
  // The server gets its own process group, so that Ctrl-C in a terminal reaches only this process, which then ends the
  // server.
  const child = spawn(command, args, { detached: true, stdio: ['ignore', log, log] });
  closeSync(log);
  let failure;
  child.once('error', (error) => (failure = error.message));
  child.once('exit', (code, signal) => (failure = `it ended with ${code ?? signal}`));
  const letLive = endWithUs(child);

  const giveUpAt = Date.now() + readyMsMax;
  while (!ready.test(readFileSync(logFile, 'utf8'))) {
    if (Date.now() > giveUpAt) failure = 'it took too long';
    if (failure !== undefined) {
      child.kill('SIGKILL');
      throw new Error(`${command} did not start: ${failure}\n${readFileSync(logFile, 'utf8').slice(-2000)}`);
    }
    await new Promise((resolve) => setTimeout(resolve, pollMs));
  }
  if (outlives) letLive();
  return child;
}

/** Waits until all threads of a process have stopped. Until then a server that got SIGSTOP still answers. */
function untilStopped(pid) {
  const tasks = `/proc/${pid}/task`;
  if (!existsSync(tasks)) return;
  const isStopped = (task) => /^[^)]*\) T/.test(readFileSync(`${tasks}/${task}/stat`, 'utf8'));
  const giveUpAt = Date.now() + pauseMsMax;
  while (!readdirSync(tasks).every(isStopped) && Date.now() < giveUpAt)
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1);
}

/** Kills the server when this process exits, so that a failed test run leaves no server running. */
function endWithUs(child) {
  const kill = () => child.kill('SIGKILL');
  const forget = () => process.off('exit', kill);
  // This runs before other listeners, because they may remove the server's data.
  process.prependOnceListener('exit', kill);
  child.once('exit', forget);
  return () => {
    forget();
    child.unref();
  };
}

async function end(child, signal) {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = new Promise((resolve) => child.once('exit', resolve));
  child.kill(signal);
  // A paused process handles SIGTERM only after SIGCONT.
  if (signal === 'SIGTERM') child.kill('SIGCONT');
  const giveUp = setTimeout(() => child.kill('SIGKILL'), stopMsMax);
  await ended;
  clearTimeout(giveUp);
}

/** Gives a free port of the loopback address. */
async function freePort() {
  const probe = createServer();
  await new Promise((resolve, reject) => probe.once('error', reject).listen(0, '127.0.0.1', resolve));
  const { port } = probe.address();
  await new Promise((resolve) => probe.close(resolve));
  return port;
}

module.exports = { startServer, freePort };
