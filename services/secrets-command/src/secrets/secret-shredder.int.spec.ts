import { eventMetadata } from '#libs/event-store';
import { secretStream } from '#libs/events';
import { newCommandId, newId, Redacted } from '#libs/kernel';
import { createLogger } from '#libs/observability';
import { openTestStores, someSecret, type TestStores } from '#libs/testing';
import { SecretShredder } from './secret-shredder';
import { SecretStreams } from './secret-streams';

const orgId = 'org_test';
const context = { correlationId: 'test' };
const logger = createLogger({ level: 'silent', service: 'test' });

let stores: TestStores;
let shredder: SecretShredder;

beforeEach(async () => {
  stores = await openTestStores();
  const { clock, events, keyring, reads } = stores;
  shredder = new SecretShredder(clock, logger, reads, keyring, new SecretStreams(events, keyring));
});
afterEach(() => stores.discard());

/** A secret with one value that was deleted, and whose keys are due. */
async function deletedSecret(): Promise<string> {
  const at = stores.clock.now().toISOString();
  const id = newId('sec', stores.clock.now());
  const sealed = await stores.keyring.seal(orgId, id, 1, new Redacted('value'));
  const secret = { ...someSecret, id };
  const events = [
    { type: 'SecretCreated', data: { secret, sealed } },
    { type: 'SecretDeleted', data: { secret, deletedAt: at, shredAfter: at } },
  ];
  const caller = { orgId, actorType: 'api-key', actorId: 'key_test' };
  const metadata = eventMetadata({ caller, commandId: newCommandId(), correlationId: 'test', at, producer: 'test' }); // prettier-ignore
  const stream = secretStream(orgId, id);
  await stores.events.append({ orgId, stream, events, expected: 'no stream', metadata });
  return id;
}
const told = (secretId: string) =>
  stores.events.read({ orgId, stream: secretStream(orgId, secretId), limit: 100 });
const keysLeft = () => stores.keys.count({ purpose: 'data' });

describe('SecretShredder', () => {
  it('destroys the keys and tells of both steps, each with an id of its own', async () => {
    const secretId = await deletedSecret();
    await shredder.shred({ orgId, secretId }, context);
    await shredder.shred({ orgId, secretId }, context);
    const events = await told(secretId);
    expect(events.map(({ type }) => type)).toEqual([
      'SecretCreated',
      'SecretDeleted',
      'SecretShredStarted',
      'SecretShredded',
    ]);
    expect(new Set(events.map(({ id }) => id)).size).toBe(events.length);
    expect(await keysLeft()).toBe(0);
  });
});
