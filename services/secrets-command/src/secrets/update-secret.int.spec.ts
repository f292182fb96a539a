import { eventMetadata, openEventStore, type EventStore } from '#libs/event-store';
import { secretStream } from '#libs/events';
import { IdempotentAnswers } from '#libs/idempotency';
import { AppError, newCommandId, newId, Redacted } from '#libs/kernel';
import {
  EventStoreDouble,
  intercepted,
  losingAnswers,
  openTestStores,
  someSealed,
  someSecret,
  type TestStores,
} from '#libs/testing';
import { dataKeyIds } from './secret.decider';
import { SecretNames } from './secret-names';
import { SecretStreams } from './secret-streams';
import { UpdateSecretHandler } from './update-secret.handler';

const caller = { orgId: 'org_test', actorType: 'api-key' as const, actorId: 'key_test' };
const context = { correlationId: 'test' };

let stores: TestStores;
let id: string;
let stream: string;

/** A process of the service, and how often it has read a stream. */
function aProcess({ log = stores.events, records = stores.reads } = {}) {
  let reads = 0;
  const read: EventStore['read'] = (request) => {
    reads += 1;
    return log.read(request);
  };
  const events = intercepted(log, { read });
  const { clock, keyring } = stores;
  const streams = new SecretStreams(events, keyring);
  const handler = new UpdateSecretHandler(
    clock,
    new IdempotentAnswers({ ...stores, reads: records }),
    keyring,
    new SecretNames(events, clock, keyring),
    streams,
  );
  const command = { caller, idempotencyKey: null, secret: id, ifRevision: null, lastReadAt: null };
  type Change = Partial<Parameters<typeof handler.handle>[0]>;
  const change = (fields: Change) =>
    handler.handle({ ...command, commandId: newCommandId(new Date()), ...fields }, context);
  return { streams, change, value: (text: string, fields: Change = {}) => change({ ...fields, value: new Redacted(text) }), reads: () => reads }; // prettier-ignore
}

async function append(type: string, data: object, revision?: string, log = stores.events): Promise<void> {
  const at = stores.clock.now().toISOString();
  const metadata = eventMetadata({ caller, commandId: newCommandId(new Date()), correlationId: 'test', at, producer: 'test' }); // prettier-ignore
  const expected = revision === undefined ? ('no stream' as const) : { revision };
  await log.append({ orgId: caller.orgId, stream, events: [{ type, data }], expected, metadata });
}

const types = async () =>
  (await stores.events.read({ orgId: caller.orgId, stream, limit: 100 })).map(({ type }) => type);
const keysLeft = () => stores.keys.count({ purpose: 'data' });

beforeEach(async () => {
  stores = await openTestStores();
  id = newId('sec', stores.clock.now());
  stream = secretStream(caller.orgId, id);
  await append('SecretCreated', { secret: { ...someSecret, id, version: 1 }, sealed: someSealed('key-1') });
});
afterEach(() => stores.discard());

describe('UpdateSecretHandler', () => {
  it('reads a secret once, and appends what follows to what it remembers', async () => {
    const one = aProcess();
    for (const version of [2, 3, 4])
      expect(await one.value(`value ${version}`)).toMatchObject({ data: { version } });
    expect(one.reads()).toBe(1);
    expect(await keysLeft()).toBe(3);
  });

  it('finds out with the append that another process was there, and leaves no key behind', async () => {
    const [one, other] = [aProcess(), aProcess()];
    await one.value('a');
    await other.value('b');
    expect(await one.value('c')).toMatchObject({ data: { version: 4 } });
    expect(await other.value('d')).toMatchObject({ data: { version: 5 } });
    expect(await types()).toEqual(['SecretCreated', ...Array<string>(4).fill('SecretUpdated')]);
    expect(await keysLeft()).toBe(4);
  });

  it('refuses nothing by memory alone, and changes nothing that is gone', async () => {
    const one = aProcess();
    await one.value('a');
    const other = aProcess();
    const { revision } = await other.value('b');
    await expect(one.value('c', { ifRevision: revision })).resolves.toMatchObject({ data: { version: 4 } });
    const { data } = await other.change({ description: 'described' });
    const secret = { ...someSecret, id, version: data.version };
    await append('SecretDeleted', { secret, deletedAt: 'now', shredAfter: 'then' }, '4');
    await expect(one.value('d')).rejects.toMatchObject({ code: 'NOT_FOUND' });
    expect(await keysLeft()).toBe(3);
  });

  it('gives a repeated command its first answer, also one that another process carried out', async () => {
    const [one, other] = [aProcess(), aProcess()];
    const commandId = newCommandId(new Date());
    await one.value('a');
    const first = await other.value('b', { commandId });
    stores.clock.pass(1_000);
    expect(await other.value('b', { commandId })).toEqual(first);
    expect(await one.value('b', { commandId })).toEqual(first);
    expect(await types()).toHaveLength(3);
  });

  it('gives the first answer also where the engine does not tell a repetition, and keeps the first key', async () => {
    await new IdempotentAnswers(stores).onModuleInit();
    const double = await EventStoreDouble.start();
    const [log, otherLog] = [await openEventStore(double.url), await openEventStore(double.url)];
    const secret = { ...someSecret, id, version: 1 };
    await append('SecretCreated', { secret, sealed: someSealed('key-1') }, undefined, log);
    // It dies behind its event, and has recorded no answer.
    const dying = aProcess({ log, records: losingAnswers(stores.reads) });
    const other = aProcess({ log: otherLog });
    await other.value('a');
    const at = stores.clock.now().toISOString();
    const twice = { idempotencyKey: 'k' };
    await expect(dying.value('b', twice)).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE' });
    stores.clock.pass(1_000);

    expect(await other.value('b', twice)).toMatchObject({
      data: { version: 3, updated_at: at },
      revision: '2',
    });
    expect(await keysLeft()).toBe(2);
    const { state } = await other.streams.load(
      { orgId: caller.orgId, secretId: id },
      newCommandId(new Date()),
    );
    for (const keyId of dataKeyIds(state).slice(1)) expect(await stores.keys.get(keyId)).not.toBeNull();
    for (const each of [log, otherLog, double]) await ('stop' in each ? each.stop() : each.close());
  });

  it('does not ask again while the store is away', async () => {
    const one = aProcess();
    await one.value('a');
    const reads = one.reads();
    stores.events.append = () => Promise.reject(new AppError('STORE_UNAVAILABLE'));
    await expect(one.value('b')).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE' });
    expect(one.reads()).toBe(reads);
  });
});
