// Standalone only: it is about the commands, and starts the one process.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, mkdirSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { newDataDir } from './running-server';

jest.setTimeout(120_000);

const root = path.join(__dirname, '../..');
/** What a clone has besides its scripts, which look for it beside themselves. */
const besides = ['.env.example', '.swcrc', 'docs', 'libs', 'node_modules', 'package-lock.json', 'package.json', 'services', 'tsconfig.json']; // prettier-ignore
const SENTENCE = /^[^\n{}]+\.\n$/;

describe('the npm scripts', () => {
  let clone: string;
  const inClone = (...names: string[]) => path.join(clone, ...names);

  beforeEach(() => {
    clone = newDataDir();
    // Copies: should a start build anew, it must not be what other suites run.
    for (const name of ['scripts', 'dist'])
      cpSync(path.join(root, name), inClone(name), { recursive: true, preserveTimestamps: true });
    for (const name of besides) symlinkSync(path.join(root, name), inClone(name));
  });
  afterEach(() => rmSync(clone, { recursive: true }));

  /** Runs to the end, or until it is ready. */
  const run = async (script: string, args: readonly string[] = [], env: Record<string, string> = {}) => {
    const inherited = { PATH: process.env['PATH'] ?? '', HOME: tmpdir() };
    const child = spawn(process.execPath, [inClone('scripts', `${script}.mjs`), ...args], {
      cwd: clone,
      env: { ...inherited, DATA_DIR: inClone('data'), ...env },
    });
    let [out, err] = ['', ''];
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      out += text;
      if (/^ready /m.test(out)) child.kill();
    });
    child.stderr.setEncoding('utf8').on('data', (text: string) => (err += text));
    const [code] = (await once(child, 'close')) as [number | null];
    return { code, out, err };
  };

  it.each(['start', 'dev'])('%s reads .env, and what the environment says comes first', async (script) => {
    writeFileSync(inClone('.env'), 'PORT=0\nHOST=nonsense\nHKLST_PORT=8443\nNODE_ENV=production\n');
    const { out } = await run(script, [], { HOST: '127.0.0.2' });
    expect(out).toMatch(/^ready http:\/\/127\.0\.0\.2:(?!8080)\d+$/m);
  });

  it('start refuses a name in .env that is no setting, and tells one in the environment', async () => {
    writeFileSync(inClone('.env'), 'PROT=4186\nCOLOUR=red\nMIIEvQIBADANBg==\n');
    const { code, err } = await run('start', [], { RECOVERY_DAY: '3', SSL_CERT_FILE: '/x', TERM: 'dumb' });
    expect(err.split('\n')).toEqual([
      'No setting, and ignored: RECOVERY_DAY (is RECOVERY_DAYS meant?).',
      'Cannot start: .env sets what is no setting: COLOUR, a line that begins with no name, PROT (is PORT meant?). .env.example lists all of them.', // prettier-ignore
      '',
    ]);
    expect(code).toBe(1);
  });

  it('start says of a .env that is a folder that it is one', async () => {
    mkdirSync(inClone('.env'));
    const { code, err } = await run('start');
    expect([code, err]).toEqual([1, expect.stringMatching(/^Cannot start: \S+\.env is not a file\.\n$/)]);
  });

  it.each(['build', 'certs', 'check', 'dev', 'gen', 'healthy', 'move', 'secrets', 'start', 'test'])(
    '%s explains itself in lines that a terminal has room for, and does nothing else',
    async (script) => {
      const before = readdirSync(clone);
      const { code, out, err } = await run(script, ['--help']);
      expect([code, err]).toEqual([0, '']);
      expect(out).toMatch(/^Usage: (npm|node) /);
      expect(out.split('\n').filter((line) => line.length > 80)).toEqual([]);
      expect(readdirSync(clone)).toEqual(before);
    },
  );

  it.each(['build', 'certs', 'check', 'dev', 'gen', 'move', 'secrets', 'start'])(
    '%s says of a wrong argument which, and where it is explained, with code 2',
    async (script) => {
      const { code, out, err } = await run(script, ['--nonsense']);
      expect([code, out]).toEqual([2, '']);
      expect(err).toMatch(SENTENCE);
      expect(err).toMatch(/--nonsense.*--help/);
    },
  );

  it.each([
    ['code EAI_AGAIN', /^The npm registry cannot be reached \(EAI_AGAIN\): [^\n]+\.\n$/],
    ['code EINTEGRITY', /^npm error code EINTEGRITY\nnpm ci failed: [^\n]+\.\n$/],
  ])('start says what keeps npm from installing: %s', async (said, words) => {
    rmSync(inClone('node_modules'));
    writeFileSync(inClone('npm'), `#!/bin/sh\necho npm error ${said} >&2\nexit 1\n`, { mode: 0o755 });
    const { code, err } = await run('start', [], { PATH: `${clone}:${process.env['PATH']}` });
    expect([code, err]).toEqual([1, expect.stringMatching(words)]);
  });

  it('move gives its result on stdout, and goes on when nobody reads it any more', async () => {
    await run('start', [], { PORT: '0' });
    const args = ['--from', inClone('data'), '--to', inClone('copy')];
    const dryRun = await run('move', [...args, '--dry-run']);
    expect(dryRun.err).toMatch(
      /^From \S+data\n {2}event store {2}\S+\/data\/events\.db\n[^]*^Comparing keys: \d+$/m,
    );
    expect(dryRun.out).toMatch(/^\n +source +target [^]*\nNothing was written\. .*\n$/);
    const child = spawn(process.execPath, [inClone('scripts', 'move.mjs'), ...args]);
    for (const stream of [child.stdout, child.stderr]) stream.destroy();
    expect(await once(child, 'exit')).toEqual([0, null]);
    expect((await run('move', [...args, '--verify'])).out).toContain('Complete: both sides hold the same.');
  });

  it('healthy takes a file, and an age in milliseconds', async () => {
    const file = inClone('health');
    expect((await run('healthy', [file])).code).toBe(1);
    writeFileSync(file, 'x');
    expect((await run('healthy', [file, '60000'])).code).toBe(0);
    for (const wrong of [[], [file, 'abc'], [file, '0'], [file, '1', '2'], ['--age', file]])
      expect(await run('healthy', wrong)).toMatchObject({
        code: 2,
        err: expect.stringMatching(/^Usage: /) as string,
      });
  });
});
