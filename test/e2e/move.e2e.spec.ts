// Standalone only: it moves the data of the one process to the engines and back.
import { spawn } from 'node:child_process';
import { copyFileSync, existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { EventStoreDouble } from '#libs/testing';
import { enginesInstalled, startMongo } from '../../scripts/engines/index.cjs';
import { Api } from './api';
import { filesBelow } from './canary';
import { expectRefusedStart } from './expect-refused-start';
import { newDataDir, Server } from './server';
import { until } from './until';

jest.setTimeout(240_000);

const MAIN = path.join(__dirname, '../../dist/move.js');
const SECRETS = 120;
const onEngines = enginesInstalled() ? describe : describe.skip;

interface Moved {
  /** Null: it was killed. */
  readonly code: number | null;
  readonly output: string;
}

/** Runs the command; `onOutput` may kill it. */
function move(
  args: readonly string[],
  onOutput: (output: string, kill: () => void) => void = () => undefined,
): Promise<Moved> {
  const env = { PATH: process.env['PATH'] ?? '', HOME: tmpdir() };
  const child = spawn(process.execPath, [MAIN, ...args], { env, stdio: ['ignore', 'pipe', 'pipe'] });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => {
      output += text;
      onOutput(output, () => child.kill('SIGKILL'));
    });
  }
  return new Promise((resolve) => child.once('close', (code) => resolve({ code, output })));
}

/** Starts the command and kills it as soon as the condition holds. */
async function moveKilled(args: readonly string[], condition: () => boolean): Promise<void> {
  const ending = new AbortController();
  const moving = move(args, (_, kill) => ending.signal.addEventListener('abort', kill, { once: true }));
  await until(async () => condition(), Boolean, 60_000);
  ending.abort();
  expect((await moving).code).toBeNull();
}

onEngines('moving an installation to EventStoreDB and MongoDB, and back', () => {
  let folder: string;
  let mongo: Awaited<ReturnType<typeof startMongo>>;
  let double: EventStoreDouble;
  let engines: Record<string, string>;
  let engineSettings: string;
  let source: string;
  let key: string;
  let server: Server | undefined;
  const values = new Map<string, string[]>();

  const start = async (dataDir: string, env: Record<string, string> = {}) => {
    server = await Server.start({ dataDir, env });
    return new Api(server, key);
  };
  const stop = async () => {
    await server?.stop();
    server = undefined;
  };
  const expectEverythingOpens = async (api: Api) => {
    for (const [name, versions] of values) {
      for (const [index, value] of versions.entries()) {
        expect((await api.reveal(name, index + 1)).body).toMatchObject({ value, version: index + 1 });
      }
    }
    // Readings show in lists a moment later.
    const listed = await until(
      async () => (await api.list()).body.data,
      (data) => data.every(({ last_read_at }) => last_read_at !== null),
    );
    expect(listed.map(({ name }) => name)).toEqual([...values.keys()].sort());
    expect((await api.get('DELETED')).status).toBe(404);
  };
  const changeWith = (api: Api, name: string, value: string, idempotencyKey: string) =>
    api.update(name, { value }, { 'idempotency-key': idempotencyKey });

  beforeAll(async () => {
    folder = mkdtempSync(path.join(tmpdir(), 'hklst-e2e-move-'));
    mongo = await startMongo({ dataDir: path.join(folder, 'mongo') });
    double = await EventStoreDouble.start();
    engines = {
      EVENT_STORE_URL: double.url,
      KEY_STORE_URL: mongo.url.replace('/?', '/hklst-keys?'),
      READ_STORE_URL: mongo.url.replace('/?', '/hklst?'),
    };
    engineSettings = path.join(folder, '.env.engines');
    writeFileSync(engineSettings, Object.entries(engines).map(([name, url]) => `${name}=${url}\n`).join('')); // prettier-ignore

    source = newDataDir();
    server = await Server.start({ dataDir: source });
    key = server.apiKey;
    const api = Api.of(server);
    for (let n = 0; n < SECRETS; n += 1) {
      await api.create(`SECRET_${n}`, `value ${n} 😀`);
      values.set(`SECRET_${n}`, [`value ${n} 😀`]);
    }
    await changeWith(api, 'SECRET_1', 'second', 'one');
    values.get('SECRET_1')?.push('second');
    await api.create('DELETED', 'x');
    await api.delete('DELETED?destroy=true');
    await expectEverythingOpens(api);
    await stop();
  });

  afterAll(async () => {
    await stop();
    await double.stop();
    await mongo.kill();
    for (const dataDir of [source, folder]) rmSync(dataDir, { recursive: true, force: true });
  });

  it('refuses a source that runs, and touches nothing', async () => {
    await start(source);
    const { code, output } = await move(['--from', source, '--to', engineSettings]);
    expect([code, output]).toEqual([1, expect.stringContaining('is in use by another process')]);
    await stop();
    expect(double.log.length).toBe(0);
  });

  it('says what it would do', async () => {
    const { code, output } = await move(['--from', source, '--to', engineSettings, '--dry-run']);
    expect([code, output]).toEqual([0, expect.stringContaining('Nothing was written.')]);
    expect(double.log.length).toBe(0);
  });

  it('is killed at any moment, and no server starts on what it leaves', async () => {
    for (const events of [1, 100, 300]) {
      await moveKilled(['--from', source, '--to', engineSettings], () => double.log.length >= events);
      const refusal = await Server.startRefused({ dataDir: source, env: engines });
      expectRefusedStart(refusal, /npm run move/);
    }
  });

  it('goes on, verifies, and every value opens on the engines with the same key', async () => {
    const { code, output } = await move(['--from', source, '--to', engineSettings]);
    expect([code, output]).toEqual([0, expect.stringContaining('Complete: both sides hold the same.')]);
    expect(output).toMatch(/^events +([\d,]+) +\1 +(\w+) +\2 +equal$/m);
    expect(output).not.toContain(mongo.url);

    const api = await start(source, engines);
    await expectEverythingOpens(api);
    // The answer recorded before the move, and no second version.
    const again = await changeWith(api, 'SECRET_1', 'second', 'one');
    expect([again.status, again.body.data.version]).toEqual([200, 2]);
    expect((await api.versions('SECRET_1')).body.data).toHaveLength(2);
    expect((await api.list()).status).toBe(200);

    await changeWith(api, 'SECRET_2', 'on the engines', 'two');
    values.get('SECRET_2')?.push('on the engines');
    await api.create('MADE_ON_ENGINES', 'new');
    values.set('MADE_ON_ENGINES', ['new']);
    await expectEverythingOpens(api);
    await stop();
  });

  it('comes back into a new data directory, through a kill, and serves', async () => {
    const back = path.join(folder, 'back');
    const args = ['--from', engineSettings, '--to', back];
    const killed = await move(args, (output, kill) => /Copying keys:/.test(output) && kill());
    expect(killed.code).toBeNull();
    copyFileSync(path.join(source, 'root.key'), path.join(back, 'root.key'));
    expectRefusedStart(await Server.startRefused({ dataDir: back }), /npm run move/);
    const { code, output } = await move(args);
    expect([code, output]).toEqual([0, expect.stringContaining('Complete')]);

    const api = await start(back);
    await expectEverythingOpens(api);
    // Its recorded answer stood at a position that this log never reaches: nothing may wait for it.
    const again = await changeWith(api, 'SECRET_2', 'on the engines', 'two');
    expect([again.status, again.body.data.version]).toEqual([200, 2]);
    expect((await api.list()).status).toBe(200);
    await stop();
    expect(filesBelow(back)).not.toContain('first-api-key');
  });

  it('refuses a place that holds an installation', async () => {
    const { code, output } = await move(['--from', engineSettings, '--to', source]);
    expect([code, output]).toEqual([1, expect.stringContaining(`${source} holds`)]);
    expect(existsSync(path.join(source, 'root.key'))).toBe(true);
  });

  it('explains itself', async () => {
    const { code, output } = await move(['--help']);
    expect([code, output]).toEqual([
      0,
      expect.stringContaining('npm run move -- --from ./data --to .env.engines'),
    ]);
    expect(await move(['--from', source])).toMatchObject({
      code: 2,
      output: expect.stringContaining('--to') as string,
    });
  });
});
