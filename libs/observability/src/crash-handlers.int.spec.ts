import { spawnSync } from 'node:child_process';
import { join } from 'node:path';

const CANARY = 'Canary-7f3a9c';
const ROOT = join(__dirname, '../../..');

/** Runs a script in a process of its own, with the crash handlers installed, and gives all it printed. */
function runCrashing(script: string, stderr: 'pipe' | 'ignore' = 'pipe') {
  const start = `
    const { createLogger, installCrashHandlers } = require('#libs/observability');
    const logger = createLogger({ level: 'info', service: 'crashing' });
    installCrashHandlers(logger);`;
  const hook = join(ROOT, 'scripts/ts-hook.cjs');
  return spawnSync(process.execPath, ['--require', hook, '--eval', start + script], {
    cwd: ROOT,
    encoding: 'utf8',
    env: { PATH: process.env['PATH'] },
    stdio: ['ignore', 'pipe', stderr],
    timeout: 20_000,
  });
}

describe('installCrashHandlers', () => {
  it.each([
    ['an uncaught exception', `setImmediate(() => { throw new Error('${CANARY}'); });`, 'uncaught exception'],
    ['an unhandled rejection', `Promise.reject(new TypeError('${CANARY}'));`, 'unhandled rejection'],
    ['a thrown value', `setImmediate(() => { throw '${CANARY}'; });`, 'uncaught exception'],
    ['a rejected value', `Promise.reject({ value: '${CANARY}' });`, 'unhandled rejection'],
    [
      'a cause',
      `setImmediate(() => { throw new Error('x', { cause: '${CANARY}' }); });`,
      'uncaught exception',
    ],
  ])('ends the process on %s and prints one line without any value', (_what, script, event) => {
    const { status, stdout, stderr } = runCrashing(script);
    expect(status).toBe(1);
    expect(stdout).toBe('');
    expect(JSON.parse(stderr)).toMatchObject({ level: 'error', service: 'crashing', event });
    expect(stderr).not.toContain(CANARY);
  });

  it("turns the runtime's warnings into lines of the log without their text", () => {
    const { status, stderr } = runCrashing(`process.emitWarning('${CANARY}', 'TimeoutNegativeWarning');`);
    expect(status).toBe(0);
    const line = { level: 'warn', event: 'runtime warning', error_name: 'TimeoutNegativeWarning' };
    expect(JSON.parse(stderr)).toMatchObject(line);
    expect(stderr).not.toContain(CANARY);
  });

  it('writes what was logged before the end', () => {
    const { stderr } = runCrashing(`
      for (let i = 0; i < 1000; i++) logger.info('step', { count: i });
      throw new Error('${CANARY}');`);
    const lines = stderr.trim().split('\n');
    expect(lines).toHaveLength(1_001);
    expect(JSON.parse(lines.at(-1) ?? '')).toMatchObject({ event: 'uncaught exception' });
  });
});

describe('createLogger on stderr', () => {
  it('writes everything when the process ends by itself', () => {
    const { status, stderr } = runCrashing(
      `for (let i = 0; i < 5000; i++) logger.info('step', { count: i });`,
    );
    expect(status).toBe(0);
    expect(stderr.trim().split('\n')).toHaveLength(5_000);
  });

  it('does not end the process when its lines cannot be written', () => {
    // /dev/full answers every write with "no space left on device".
    const { status, stdout } = runCrashing(`
      const fs = require('node:fs');
      fs.closeSync(2);
      if (fs.openSync('/dev/full', 'w') !== 2) process.exit(3);
      let beats = 0;
      const timer = setInterval(() => {
        logger.info('step');
        if (++beats === 20) { clearInterval(timer); process.stdout.write('alive'); process.exit(0); }
      }, 5);`);
    expect(stdout).toBe('alive');
    expect(status).toBe(0);
  });
});
