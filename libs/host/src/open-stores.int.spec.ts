import { copyFileSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { eventMetadata } from '#libs/event-store';
import { newCommandId, newId, readEnv, systemClock } from '#libs/kernel';
import { createLogger } from '#libs/observability';
import { openStores, type Stores } from './open-stores';
import { storeSettings, toStoresConfig, type StoreOwner } from './store-settings';

const LEASE_MS = 60_000;

describe('openStores', () => {
  let folder: string;
  let stores: Stores | undefined;
  const inFolder = (file: string) => path.join(folder, file);

  const open = async () => {
    const config = toStoresConfig(readEnv({ DATA_DIR: folder }, storeSettings));
    const logger = createLogger({ level: 'error', service: 'test' });
    return (stores = await openStores(config, { clock: systemClock, logger }));
  };
  const close = async () => {
    await stores?.close();
    stores = undefined;
  };
  const append = async ({ events }: Stores) => {
    const [orgId, commandId] = [newId('org', new Date()), newCommandId(new Date())];
    const caller = { orgId, actorType: 'key', actorId: newId('key', new Date()) };
    const at = systemClock.now().toISOString();
    const { position } = await events.append({
      ...{ orgId, stream: `thing-${orgId}.one`, expected: 'no stream', events: [{ type: 'Made', data: {} }] },
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

  it('refuses read stores whose log is lost', async () => {
    const first = await open();
    await append(first);
    await catchUp(first, 'access');
    await close();
    rmSync(inFolder('events.db'));
    await expect((await open()).readStoreOf('access')).rejects.toMatchObject({ code: 'STORE_CORRUPT' });
  });
});
