import { eventMetadata } from '#libs/event-store';
import { secretNameStream, secretStream } from '#libs/events';
import { newCommandId, newId } from '#libs/kernel';
import { openTestStores, someSealed, someSecret, type TestStores } from '#libs/testing';
import { FoldedSecrets } from './folded-secrets';

const orgId = 'org_test';
const id = newId('sec', new Date());

let stores: TestStores;
let secrets: FoldedSecrets;

async function append(stream: string, type: string, data: object, revision?: string): Promise<void> {
  const at = stores.clock.now().toISOString();
  const caller = { orgId, actorType: 'api-key', actorId: 'key_test' };
  const metadata = eventMetadata({ caller, commandId: newCommandId(new Date()), correlationId: 'test', at, producer: 'test' }); // prettier-ignore
  const expected = revision === undefined ? ('no stream' as const) : { revision };
  await stores.events.append({ orgId, stream, events: [{ type, data }], expected, metadata });
}
async function claim(name: string): Promise<void> {
  const stream = secretNameStream(orgId, await stores.keyring.secretNameDigest(orgId, name));
  await append(stream, 'SecretNameClaimed', { secretId: id, claimedAt: stores.clock.now().toISOString() });
}

beforeEach(async () => {
  stores = await openTestStores();
  secrets = new FoldedSecrets(stores.events, stores.keyring, undefined);
  await claim('A');
  await append(secretStream(orgId, id), 'SecretCreated', {
    secret: { ...someSecret, id, name: 'A' },
    sealed: someSealed('key-1'),
  });
});
afterEach(() => stores.discard());

describe('FoldedSecrets', () => {
  it('find a secret by its id and by its name', async () => {
    for (const ref of [id, 'A']) {
      expect(await secrets.find(orgId, ref)).toMatchObject({ secret: { id, name: 'A' }, revision: '0' });
      expect(await secrets.idOf(orgId, ref)).toBe(id);
    }
    await expect(secrets.find('org_other', id)).rejects.toMatchObject({ code: 'NOT_FOUND' });
  });

  it('find none by a name that was claimed for it and that it never got, or has no more', async () => {
    await claim('B');
    const renamed = { ...someSecret, id, name: 'C' };
    for (const ref of ['B', 'C']) {
      await expect(secrets.find(orgId, ref)).rejects.toMatchObject({ code: 'NOT_FOUND' });
      expect(await secrets.idOf(orgId, ref)).toBeNull();
    }
    await claim('C');
    await append(secretStream(orgId, id), 'SecretRenamed', { secret: renamed, previousName: 'A' }, '0');
    await expect(secrets.find(orgId, 'A')).rejects.toMatchObject({ code: 'NOT_FOUND' });
    expect(await secrets.find(orgId, 'C')).toMatchObject({ secret: { id, name: 'C' }, revision: '1' });
  });
});
