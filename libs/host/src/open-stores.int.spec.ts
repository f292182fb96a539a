import { copyFileSync, existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import Database from 'libsql';
import { eventMetadata } from '#libs/event-store';
import { newCommandId, newId, readEnv, Redacted, systemClock } from '#libs/kernel';
import { createLogger } from '#libs/observability';
import { EventStoreDouble } from '#libs/testing';
import { openStores, type Stores } from './open-stores';
import { storeSettings, toStoresConfig, type StoreOwner } from './store-settings';

jest.setTimeout(60_000);

const LEASE_MS = 60_000;

describe('openStores', () => {
  let folder: string;
  let stores: Stores | undefined;
  const inFolder = (file: string) => path.join(folder, file);

  const open = async (write: (line: string) => void = () => undefined, env: NodeJS.ProcessEnv = {}) => {
    const config = toStoresConfig(readEnv({ DATA_DIR: folder, ...env }, storeSettings));
    const logger = createLogger({ level: 'warn', service: 'test', destination: { write } });
    return (stores = await openStores(config, { clock: systemClock, logger }));
  };
  const close = async () => {
    await stores?.close();
    stores = undefined;
  };
  const append = async ({ events }: Stores, category = 'thing') => {
    const [orgId, commandId] = [newId('org', new Date()), newCommandId(new Date())];
    const caller = { orgId, actorType: 'key', actorId: newId('key', new Date()) };
    const at = systemClock.now().toISOString();
    const { position } = await events.append({
      ...{
        orgId,
        stream: `${category}-${orgId}.one`,
        expected: 'no stream',
        events: [{ type: 'Made', data: {} }],
      },
      metadata: eventMetadata({ caller, commandId, correlationId: commandId, at, producer: 'test' }),
    });
    return position;
  };
  /** As the projection of a service does that has read everything. */
  const catchUp = async (opened: Stores, service: StoreOwner) => {
    const reads = await opened.readStoreOf(service);
    const fence = Number(await reads.acquireLease('list.1', 'test', LEASE_MS));
    await reads.project('list.1', [], (await opened.events.head()) ?? '0', fence);
  };
  const expectRefused = async (opened: Stores, service: StoreOwner, safeMessage: string) =>
    expect(opened.readStoreOf(service)).rejects.toMatchObject({ code: 'STORE_CORRUPT', safeMessage });

  beforeEach(() => (folder = mkdtempSync(path.join(tmpdir(), 'open-stores-'))));
  afterEach(async () => {
    await close();
    rmSync(folder, { recursive: true });
  });

  it('opens read stores that have read as much as there is, and nothing of an empty log', async () => {
    for (let time = 0; time < 2; time += 1) {
      await catchUp(await open(), 'access');
      await close();
    }
    await append(await open());
    await close();
    for (let time = 0; time < 2; time += 1) {
      await catchUp(await open(), 'access');
      await close();
    }
  });

  it('refuses a read store that was made from a newer log than there is', async () => {
    await append(await open());
    await close();
    copyFileSync(inFolder('events.db'), inFolder('older.db'));
    const newer = await open();
    await append(newer);
    await catchUp(newer, 'access');
    await catchUp(newer, 'secrets-query');
    await close();
    copyFileSync(inFolder('older.db'), inFolder('events.db'));

    const older = await open();
    const sentence = (file: string) =>
      `Cannot start: events.db is older than ${file}, which was made from it. Put all files back from the same backup`;
    await expectRefused(older, 'access', `${sentence('access.db')}.`);
    const remade = ', or remove secrets-query.db, which is made anew from the log.';
    await expectRefused(older, 'secrets-query', `${sentence('secrets-query.db')}${remade}`);
    await close();
    rmSync(inFolder('secrets-query.db'));
    await (await open()).readStoreOf('secrets-query');
  });

  describe('compares the key store with the log', () => {
    const orgId = 'org_test';
    const tell = async ({ events }: Stores, id: string, event: { type: string; data: object }) => {
      const stream = `secret-${orgId}.${id}`;
      const { length } = await events.read({ orgId, stream, limit: 100 });
      const at = systemClock.now().toISOString();
      const caller = { orgId, actorType: 'key', actorId: newId('key', new Date()) };
      await events.append({
        orgId,
        stream,
        expected: length === 0 ? 'no stream' : { revision: String(length - 1) },
        events: [event],
        metadata: eventMetadata({ caller, commandId: newCommandId(new Date()), correlationId: 'test', at, producer: 'test' }), // prettier-ignore
      });
    };
    const create = async (opened: Stores, id: string) => {
      const sealed = await opened.keyring.seal(orgId, id, 1, new Redacted('value'));
      await tell(opened, id, { type: 'SecretCreated', data: { sealed } });
      return sealed.dataKeyId;
    };
    const shred = async (opened: Stores, id: string, dataKeyId: string) => {
      const data = { dataKeyIds: [dataKeyId] };
      await tell(opened, id, { type: 'SecretShredStarted', data });
      await opened.keyring.destroy([dataKeyId]);
      await tell(opened, id, { type: 'SecretShredded', data });
    };
    const copy = (file: string, to: string) => copyFileSync(inFolder(file), inFolder(to));
    /** A log whose latest events, but for the last value, are of another kind. */
    const withOlderKeys = async (since: (opened: Stores) => Promise<unknown>) => {
      await create(await open(), 'sec_old');
      await close();
      copy('keys.db', 'older.db');
      const later = await open();
      await since(later);
      await append(later);
      await close();
      copy('older.db', 'keys.db');
    };
    const sentence =
      'Cannot start: keys.db is older than events.db: it lacks the key of the newest value. Put all files back from the same backup.';

    it('refuses keys that are older than the newest value', async () => {
      await withOlderKeys((opened) => create(opened, 'sec_new'));
      await expect(open()).rejects.toMatchObject({ code: 'STORE_CORRUPT', safeMessage: sentence });
    });

    it('finds the newest value behind any number of events of another kind', async () => {
      await withOlderKeys(async (opened) => {
        await create(opened, 'sec_new');
        await Promise.all(Array.from({ length: 6_000 }, () => append(opened)));
      });
      await expect(open()).rejects.toMatchObject({ code: 'STORE_CORRUPT', safeMessage: sentence });
    });

    it.each(['secret', 'organization'])(
      'refuses to make keys beside a log with an event of category %s',
      async (category) => {
        await append(await open(), category);
        await close();
        for (const file of ['keys.db', 'root.key']) rmSync(inFolder(file));
        const safeMessage =
          'Cannot start: the event log is in use, but its key store (keys.db) is empty. Put the key store back from its backup.';
        for (let time = 0; time < 2; time += 1)
          await expect(open()).rejects.toMatchObject({ code: 'STORE_CORRUPT', safeMessage });
        expect(existsSync(inFolder('root.key'))).toBe(false);
      },
    );

    it('refuses to make keys beside a log on a server, but not beside one of another program', async () => {
      const server = await EventStoreDouble.start();
      const openOnServer = () => open(undefined, { EVENT_STORE_URL: server.url });
      await append(await openOnServer());
      await close();
      rmSync(inFolder('keys.db'));
      await append(await openOnServer(), 'organization');
      await close();
      rmSync(inFolder('keys.db'));
      await expect(openOnServer()).rejects.toMatchObject({ code: 'STORE_CORRUPT' });
      await server.stop();
    });

    it('makes all instance keys at the first start, so that an older copy of the key store has them too', async () => {
      await append(await open());
      await close();
      copy('keys.db', 'older.db');
      const used = await (await open()).keyring.instanceKey('totp');
      await close();
      copy('older.db', 'keys.db');
      expect(await (await open()).keyring.instanceKey('totp')).toEqual(used);
    });

    it('looks at the value before when the newest is destroyed', async () => {
      const createAndShred = async (opened: Stores) =>
        shred(opened, 'sec_new', await create(opened, 'sec_new'));
      await withOlderKeys(createAndShred);
      await open();
      await close();

      await withOlderKeys(async (opened) => {
        await create(opened, 'sec_newer');
        await createAndShred(opened);
      });
      await expect(open()).rejects.toMatchObject({ code: 'STORE_CORRUPT', safeMessage: sentence });
    });

    it('opens a newer key store than the log, as a crash leaves it', async () => {
      const first = await open();
      await create(first, 'sec_old');
      await first.keyring.seal(orgId, 'sec_never', 1, new Redacted('value'));
      await close();
      await open();
    });
  });

  it('refuses read stores whose log is lost', async () => {
    const first = await open();
    await append(first);
    await catchUp(first, 'access');
    await close();
    rmSync(inFolder('events.db'));
    await expect((await open()).readStoreOf('access')).rejects.toMatchObject({ code: 'STORE_CORRUPT' });
  });

  it('says in its log that it could not delete what has aged', async () => {
    await append(await open(), 'access');
    await close();
    const database = new Database(inFolder('events.db'));
    database.exec(`UPDATE events SET metadata = '{"occurredAt":"2020-01-01T00:00:00.000Z"}'`);
    database.exec("CREATE TRIGGER refuse BEFORE DELETE ON events BEGIN SELECT RAISE(ABORT, 'refused'); END");
    database.close();
    let write: (line: string) => void = () => undefined;
    const heard = new Promise<string>((hear) => {
      write = (line) => line.includes('"aged events not deleted; it will be tried again"') && hear(line);
    });
    await open(write);
    expect(JSON.parse(await heard)).toMatchObject({ level: 'warn', error_code: 'STORE_UNAVAILABLE' });
  });
});
