import { createLogger } from '#libs/observability';
import { eventMetadata } from '#libs/event-store';
import { secretStream, type SecretEvent } from '#libs/events';
import { newCommandId, Redacted } from '#libs/kernel';
import type { WrappedKey } from '#libs/key-store';
import { intercepted, openTestStores, someSecret, type TestStores } from '#libs/testing';
import { RevivedKeys } from './revived-keys';

const orgId = 'org_test';

describe('RevivedKeys', () => {
  let stores: TestStores;
  let lines: string[];
  const { signal } = new AbortController();
  const always = () => Promise.resolve(true);

  beforeEach(async () => {
    stores = await openTestStores();
    lines = [];
  });
  afterEach(() => stores.discard());

  const revivedKeys = (keyring = stores.keyring) => {
    const destination = { write: (line: string) => void lines.push(line) };
    const logger = createLogger({ level: 'info', service: 'test', destination });
    return new RevivedKeys(stores.events, logger, keyring);
  };
  /** A secret of so many values, as it was before its keys were destroyed. */
  const secretWith = async (id: string, versions: number) => {
    const keys: WrappedKey[] = [];
    const events: SecretEvent[] = [];
    for (let version = 1; version <= versions; version += 1) {
      const sealed = await stores.keyring.seal(orgId, id, version, new Redacted('value'));
      keys.push((await stores.keys.get(sealed.dataKeyId)) as WrappedKey);
      const secret = { ...someSecret, id, version };
      events.push(
        version === 1
          ? { type: 'SecretCreated', data: { secret, sealed } }
          : { type: 'SecretUpdated', data: { secret, sealed, reason: 'value' } },
      );
    }
    return { id, keys, events };
  };
  const append = (id: string, events: readonly SecretEvent[]) => {
    const at = stores.clock.now().toISOString();
    const caller = { orgId, actorType: 'api-key', actorId: 'key_test' };
    const metadata = eventMetadata({ caller, commandId: newCommandId(new Date()), correlationId: 'test', at, producer: 'test' }); // prettier-ignore
    return stores.events.append({
      ...{ orgId, stream: secretStream(orgId, id), expected: 'no stream' },
      ...{ events, metadata },
    });
  };
  const deletion = (id: string) => {
    const at = stores.clock.now().toISOString();
    return { type: 'SecretDeleted', data: { secret: { ...someSecret, id }, deletedAt: at, shredAfter: at } } as const; // prettier-ignore
  };
  /** Its keys are gone, and the log says so. */
  const shred = async ({ id, keys, events }: Awaited<ReturnType<typeof secretWith>>) => {
    const dataKeyIds = keys.map((key) => key.id);
    const data = { secretId: id, dataKeyIds };
    await append(id, [
      ...[...events, deletion(id)],
      ...[{ type: 'SecretShredStarted', data } as const, { type: 'SecretShredded', data } as const],
    ]);
    await stores.keyring.destroy(dataKeyIds);
  };
  /** As an older copy of the key store does that is put back. */
  const putBack = async (keys: readonly WrappedKey[]) => {
    for (const key of keys) expect(await stores.keys.insert(key)).toBe(true);
  };
  const keysLeft = () => stores.keys.count({ purpose: 'data' });

  it('are destroyed again, and no key that the log does not call destroyed', async () => {
    const shredded = await Promise.all(
      Array.from({ length: 120 }, (_, at) => secretWith(`sec_${at}`, at === 0 ? 3 : 1)),
    );
    await Promise.all(shredded.map(shred));
    const live = await secretWith('sec_live', 1);
    await append('sec_live', live.events);
    const deleted = await secretWith('sec_deleted', 1);
    await append('sec_deleted', [...deleted.events, deletion('sec_deleted')]);
    await secretWith('sec_not_yet', 1);
    await putBack(shredded.flatMap(({ keys }) => keys));
    expect(await keysLeft()).toBe(125);

    await revivedKeys().sweep(signal, always);
    expect(await keysLeft()).toBe(3);
    expect(lines.join()).toContain('destroyed keys were back');
    expect(lines.join()).not.toContain(shredded[0]?.keys[0]?.id);
  });

  it('are looked for once in a process, and again when that was cut short', async () => {
    const secret = await secretWith('sec_a', 1);
    await shred(secret);
    const revived = revivedKeys();
    const ending = new AbortController();
    ending.abort();
    await revived.sweep(ending.signal, always);
    await putBack(secret.keys);
    await revived.sweep(signal, always);
    expect(await keysLeft()).toBe(0);

    await putBack(secret.keys);
    await revived.sweep(signal, always);
    expect(await keysLeft()).toBe(1);
    await revivedKeys().sweep(signal, always);
    expect(await keysLeft()).toBe(0);
  });

  it('are only looked for where none is back, and at the end what an attempt left is overwritten', async () => {
    const ids = Array.from({ length: 60 }, (_, at) => `sec_${at}`);
    await Promise.all(ids.map(async (id) => shred(await secretWith(id, 1))));
    const asked: number[] = [];
    const destroy = (ids: readonly string[]) => {
      if (ids.length > 0) asked.push(ids.length);
      return stores.keyring.destroy(ids);
    };
    await revivedKeys(intercepted(stores.keyring, { destroy })).sweep(signal, always);
    expect(asked).toHaveLength(1);
  });

  it('are no concern of a log without any', async () => {
    await revivedKeys().sweep(signal, () => Promise.reject(new Error('asked')));
    expect(lines).toEqual([]);
  });
});
