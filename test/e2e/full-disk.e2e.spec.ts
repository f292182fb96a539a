// Standalone only: the files of the embedded stores are those that take no more.
import { execFileSync } from 'node:child_process';
import { Api } from './api';
import { expectRefusal } from './expect-refusal';
import { Server } from './server';
import { until } from './until';

jest.setTimeout(60_000);

interface Readiness {
  readonly status: string;
  readonly services: Readonly<Record<string, Readonly<Record<string, string>>>>;
}

describe('a server whose disk takes nothing', () => {
  let server: Server;

  beforeAll(async () => {
    server = await Server.start();
  });
  afterAll(() => server.discard());

  /** How many bytes a file of the server may have; Node ignores the signal, so that writes beyond it fail. */
  const limitFiles = (bytes: '1' | 'unlimited') =>
    execFileSync('prlimit', ['--pid', String(server.pid), `--fsize=${bytes}:`]);
  const readiness = () => Api.of(server).call<Readiness>('GET', '/readyz', { key: null });

  it('answers 503, says so to whoever asks whether it is ready, and why in its log; then goes on', async () => {
    const api = Api.of(server);
    expect((await api.create('BEFORE', 'x')).status).toBe(201);
    expect((await readiness()).status).toBe(200);
    limitFiles('1');
    expectRefusal(await api.create('MEANWHILE', 'x'), 503, 'STORE_UNAVAILABLE');
    expectRefusal(await api.reveal('BEFORE'), 503, 'STORE_UNAVAILABLE');
    for (let asked = 0; asked < 3; asked += 1) {
      const { status, body } = await readiness();
      expect(status).toBe(503);
      for (const parts of Object.values(body.services))
        expect(parts).toMatchObject({ 'event-store': 'away' });
    }
    const line = /"error_code":"STORE_UNAVAILABLE".*"cause_code":"SQLITE_(?:FULL|IOERR)/;
    await until(
      async () => server.logs,
      (logs) => line.test(logs),
    );
    limitFiles('unlimited');
    // Nobody has written anything since: to be asked is enough.
    await until(readiness, ({ status }) => status === 200);
    expect((await api.create('AFTER', 'x')).status).toBe(201);
    expect((await api.list()).body.data.map(({ name }) => name)).toEqual(['AFTER', 'BEFORE']);
  });
});
