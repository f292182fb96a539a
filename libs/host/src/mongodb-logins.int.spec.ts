import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { runInNewContext } from 'node:vm';
import { MongoClient } from 'mongodb';
import { openKeyStore } from '#libs/key-store';
import { readEnv } from '#libs/kernel';
import { openReadStore } from '#libs/read-store';
import { enginesInstalled, startMongo, type Engine } from '../../../scripts/engines/index.cjs';
import { keyStoreContract } from '../../key-store/src/key-store.contract';
import { readStoreContract } from '../../read-store/src/read-store.contract';
import { storeOwners, storeSettings, toStoresConfig } from './store-settings';

const script = path.join(__dirname, '../../../scripts/mongodb-users.cjs');
const passwords = { READ_STORE_PASSWORD: 'of-reads', KEY_STORE_PASSWORD: 'of-keys' };

interface Login {
  readonly user: string;
  readonly pwd: string;
  readonly roles: readonly { readonly role: string; readonly db: string }[];
}

/** Runs the script as the image of MongoDB does on new data, where nobody has to log in yet. */
async function makeLogins(url: string): Promise<void> {
  const logins: Login[] = [];
  const db = { getSiblingDB: () => ({ createUser: (login: Login) => logins.push(login) }) };
  runInNewContext(readFileSync(script, 'utf8'), { db, process: { env: passwords } });
  const client = new MongoClient(url);
  for (const { user, pwd, roles } of logins)
    await client.db('admin').command({ createUser: user, pwd, roles: [...roles] });
  await client.close();
}

(enginesInstalled() ? describe : describe.skip)('scripts/mongodb-users.cjs (needs the engines)', () => {
  let dataDir: string;
  let server: Engine & { readonly url: string };
  /** The stores as a service is told them; `login` is the name and the password. */
  const storesOf = (login: string) => {
    const url = (database: string) =>
      server.url.replace('mongodb://', `mongodb://${login}@`).replace('/?', `/${database}?authSource=admin&`);
    const settings = { READ_STORE_URL: url('hklst'), KEY_STORE_URL: url('hklst-keys') };
    return toStoresConfig(readEnv(settings, storeSettings));
  };
  const ofReads = () => storesOf(`hklst:${passwords.READ_STORE_PASSWORD}`);
  const ofKeys = () => storesOf(`hklst-keys:${passwords.KEY_STORE_PASSWORD}`);
  const refused = { code: 'STORE_UNAVAILABLE', cause: { name: 'Unauthorized' } };

  beforeAll(async () => {
    dataDir = mkdtempSync(path.join(tmpdir(), 'mongodb-logins-'));
    const unguarded = await startMongo({ dataDir });
    await makeLogins(unguarded.url);
    await unguarded.stop();
    server = await startMongo({ dataDir, auth: true });
  }, 120_000);
  afterAll(async () => {
    await server.kill();
    rmSync(dataDir, { recursive: true });
  });

  // All that the stores do, each with the rights of its own login.
  keyStoreContract('MongoDB, logged in', () => openKeyStore(ofKeys().keyStoreUrl));
  readStoreContract('MongoDB, logged in', () => openReadStore(ofReads().readStoreUrl('access')));

  it.each(storeOwners)('lets the read stores of %s in', async (owner) => {
    const reads = await openReadStore(ofReads().readStoreUrl(owner));
    expect(await reads.contents()).toEqual(
      expect.objectContaining({ isProjected: expect.any(Boolean) as boolean }),
    );
    await reads.close();
  });

  it('keeps whoever has the read stores from the keys', async () => {
    await expect(openKeyStore(ofReads().keyStoreUrl)).rejects.toMatchObject(refused);
  });

  it('keeps whoever has the keys from the read stores', async () => {
    const reads = await openReadStore(ofKeys().readStoreUrl('access'));
    await expect(reads.contents()).rejects.toMatchObject(refused);
    await reads.close();
  });
});
