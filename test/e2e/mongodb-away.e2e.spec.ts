import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { enginesInstalled, startMongo } from '../../scripts/engines/index.cjs';
import { Api, type Metadata } from './api';
import { Server } from './server';
import { until } from './until';

// It must be stopped, so any server that is given will not do.
const onMongo = enginesInstalled() ? describe : describe.skip;

onMongo('a read store on MongoDB (an engine of scripts/engines)', () => {
  let folder: string;
  let mongo: Awaited<ReturnType<typeof startMongo>>;
  let server: Server;
  let api: Api;
  const created: string[] = [];
  let asked = 0;

  const create = async () => {
    const name = `SECRET_${++asked}`;
    const answer = await api.call('POST', 'secrets', { body: { secret: { name, value: 'v' } } });
    if (answer.status === 201) created.push(name);
    return answer;
  };
  const list = () => api.call<{ data: Metadata[] }>('GET', 'secrets?sort=name');
  const listedNames = async () => {
    const { status, body } = await list();
    return status === 200 ? body.data.map(({ name }) => name) : [];
  };
  /** Once each, whatever happened on the way. */
  const expectAllListed = async () => {
    await until(list, ({ status }) => status === 200, 20_000);
    expect((await listedNames()).sort()).toEqual([...created].sort());
  };

  beforeAll(async () => {
    folder = mkdtempSync(path.join(tmpdir(), 'mongodb-away-'));
    mongo = await startMongo({ dataDir: folder });
    server = await Server.start({ env: { READ_STORE_URL: mongo.url } });
    api = Api.of(server);
  }, 90_000);

  afterAll(async () => {
    await server.discard();
    await mongo.kill();
    rmSync(folder, { recursive: true });
  });

  it('serves lists that hold the own writes', async () => {
    for (let i = 0; i < 3; i += 1) {
      expect(await create()).toMatchObject({ status: 201 });
      expect((await list()).body.data).toHaveLength(created.length);
    }
  });

  it.each<[string, () => unknown, () => unknown]>([
    ['was killed', () => mongo.kill(), () => mongo.restart()],
    ['hangs', () => mongo.pause(), () => mongo.resume()],
  ])(
    'takes writes and opens values while it %s, answers lists with 503, and catches up',
    async (_, goAway, comeBack) => {
      await create();
      await goAway();
      try {
        for (let i = 0; i < 3; i += 1) expect(await create()).toMatchObject({ status: 201 });
        expect(await api.call('GET', `secrets/${created[0]}/value`)).toMatchObject({ status: 200 });
        expect(await list()).toMatchObject({ status: 503 });
        expect(await api.call('GET', '/readyz')).toMatchObject({ status: 503 });
      } finally {
        await comeBack();
      }
      await expectAllListed();
      expect(await create()).toMatchObject({ status: 201 });
      await expectAllListed();
    },
    60_000,
  );

  it('leaves no gap when the server is killed while it projects', async () => {
    const writing = Array.from({ length: 4 }, async () => {
      for (;;) await create();
    });
    const ended = Promise.allSettled(writing);
    const before = created.length;
    await until(
      async () => created.length,
      (count) => count > before + 20,
      20_000,
    );
    const { dataDir } = server;
    await server.kill();
    await ended;
    server = await Server.start({ dataDir, env: { READ_STORE_URL: mongo.url } });
    api = Api.of(server);
    // A list that names no write of its own may be older than the last of them.
    const isWhole = (names: readonly string[]) => created.every((name) => names.includes(name));
    const names = await until(listedNames, isWhole, 30_000);
    expect(names).toHaveLength(new Set(names).size);
  }, 60_000);
});
