import { eventMetadata, type EventStore, type NewEvent } from '#libs/event-store';
import { secretStream } from '#libs/events';
import { AppError, newCommandId, newId, Redacted } from '#libs/kernel';
import { createLogger } from '#libs/observability';
import { RunningProjection } from '#libs/projection';
import { intercepted, openTestStores, someSecret, type TestStores } from '#libs/testing';
import { secretInventory } from './secret-inventory.projection';
import { SecretShredder } from './secret-shredder';
import { SecretStreams } from './secret-streams';

const orgId = 'org_test';
const context = { correlationId: 'test' };

let stores: TestStores;
let shredder: SecretShredder;
let shredderOn: (events: EventStore) => SecretShredder;
let inventory: RunningProjection;
let logged: string[];

beforeEach(async () => {
  stores = await openTestStores();
  const { clock, events, keyring, reads } = stores;
  logged = [];
  const destination = { write: (line: string) => void logged.push(line) };
  const logger = createLogger({ level: 'info', service: 'test', destination });
  inventory = new RunningProjection({ projection: secretInventory, events, reads, logger });
  await inventory.onModuleInit();
  shredderOn = (log) => new SecretShredder(clock, logger, reads, keyring, new SecretStreams(log, keyring));
  shredder = shredderOn(events);
});
afterEach(async () => {
  await inventory.onApplicationShutdown();
  await stores.discard();
});

/** A secret with one value that was deleted, and whose keys are due. */
async function deletedSecret(between: NewEvent[] = []): Promise<string> {
  const at = stores.clock.now().toISOString();
  const id = newId('sec', stores.clock.now());
  const sealed = await stores.keyring.seal(orgId, id, 1, new Redacted('value'));
  const secret = { ...someSecret, id };
  const events = [
    { type: 'SecretCreated', data: { secret, sealed } },
    ...between,
    { type: 'SecretDeleted', data: { secret, deletedAt: at, shredAfter: at } },
  ];
  const caller = { orgId, actorType: 'api-key', actorId: 'key_test' };
  const metadata = eventMetadata({ caller, commandId: newCommandId(new Date()), correlationId: 'test', at, producer: 'test' }); // prettier-ignore
  const stream = secretStream(orgId, id);
  const { position } = await stores.events.append({ orgId, stream, events, expected: 'no stream', metadata });
  await inventory.waitFor(position, 10_000);
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

  it('is done when another process is always a step ahead', async () => {
    const secretId = await deletedSecret();
    const events = intercepted(stores.events, {
      async append(request) {
        await shredder.shred({ orgId, secretId }, context);
        return stores.events.append(request);
      },
    });
    await shredderOn(events).shred({ orgId, secretId }, context);
    expect(await told(secretId)).toHaveLength(4);
    expect(await keysLeft()).toBe(0);
  });

  it('leaves out secrets that cannot be folded, however many come first, and tells of them', async () => {
    const unknown = { type: 'SecretPinned', data: {} };
    await Promise.all(Array.from({ length: 501 }, () => deletedSecret([unknown])));
    stores.clock.pass(1);
    const due = await deletedSecret();
    await shredder.sweep();
    expect(await told(due)).toHaveLength(4);
    expect(await keysLeft()).toBe(501);
    expect(logged).toHaveLength(501);
    expect(logged[0]).toContain('keys of a deleted secret cannot be destroyed');
  });

  it('ends its round when a store is away, and goes on in the next', async () => {
    for (let nth = 0; nth < 3; nth += 1) await deletedSecret();
    let asked = 0;
    const away = async () => {
      asked += 1;
      throw new AppError('STORE_UNAVAILABLE');
    };
    await shredderOn(intercepted(stores.events, { append: away })).sweep();
    expect([asked, await keysLeft()]).toEqual([1, 3]);
    await shredder.sweep();
    expect(await keysLeft()).toBe(0);
  });

  it('ends behind the secret it is at when the process is to end', async () => {
    for (let nth = 0; nth < 3; nth += 1) await deletedSecret();
    const ending: Promise<void>[] = [];
    const events = intercepted(stores.events, {
      append(request) {
        ending.push(last.onApplicationShutdown());
        return stores.events.append(request);
      },
    });
    const last = shredderOn(events);
    await last.sweep();
    await Promise.all(ending);
    expect(await keysLeft()).toBe(2);
  });
});
