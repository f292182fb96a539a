import { eventMetadata } from '#libs/event-store';
import { accessStream, secretStream } from '#libs/events';
import { newCommandId, newId, Redacted } from '#libs/kernel';
import { openTestStores, someSecret, type TestStores } from '#libs/testing';
import { FoldedSecrets } from './folded-secrets';
import { RevealSecretHandler } from './reveal-secret.handler';

const caller = { orgId: 'org_test', actorType: 'api-key' as const, actorId: 'key_test' };
const at = '2026-11-23T23:59:59.999Z';

let stores: TestStores;
let id: string;

/** Appends the version with this value to the secret. */
async function write(version: number, value: string): Promise<void> {
  const { dataKeyId, envelope } = await stores.keyring.seal(caller.orgId, id, version, new Redacted(value));
  const secret = { ...someSecret, id, version };
  await stores.events.append({
    orgId: caller.orgId,
    stream: secretStream(caller.orgId, id),
    events: [
      {
        type: version === 1 ? 'SecretCreated' : 'SecretUpdated',
        data: { secret, sealed: { dataKeyId, envelope } },
      },
    ],
    expected: version === 1 ? 'no stream' : { revision: String(version - 2) },
    metadata: eventMetadata({
      caller,
      commandId: newCommandId(new Date()),
      correlationId: 'test',
      at,
      producer: 'test',
    }),
  });
}

/** A process of the service reveals the current version to a gateway whose clock says `time`. */
async function reveal(commandId: string, time = at) {
  const { clock, events, keyring } = stores;
  const secrets = new FoldedSecrets(events, keyring, undefined);
  const handler = new RevealSecretHandler(clock, events, keyring, secrets);
  const request = { caller, commandId, at: time, secret: id, version: null, address: null, userAgent: null };
  const { value, ...reply } = await handler.handle(request, { correlationId: 'test' });
  return { ...reply, value: value.expose() };
}

async function recordedVersions(day = at) {
  const { orgId } = caller;
  const records = await stores.events.read({ orgId, stream: accessStream(orgId, day), limit: 100 });
  return records.map(({ type, data }) => [type, data['version'], data['readAt']]);
}

beforeEach(async () => {
  stores = await openTestStores();
  // A moment after, on the next day.
  stores.clock.setBy(Date.parse(at) + 1_000 - stores.clock.now().getTime());
  id = newId('sec', stores.clock.now());
  await write(1, 'the first value');
});
afterEach(() => stores.discard());

describe('RevealSecretHandler', () => {
  it('leaves one record of a request that is handled again, and gives the same answer', async () => {
    const commandId = newCommandId(new Date());
    const first = await reveal(commandId);
    expect(first).toEqual({
      id,
      name: someSecret.name,
      value: 'the first value',
      version: 1,
      decryptedAt: at,
    });
    expect(await Promise.all([reveal(commandId), reveal(commandId)])).toEqual([first, first]);
    expect(await recordedVersions()).toEqual([['SecretRead', 1, at]]);
  });

  it('leaves a record of each request', async () => {
    for (const commandId of [newCommandId(new Date()), newCommandId(new Date())]) await reveal(commandId);
    expect(await recordedVersions()).toHaveLength(2);
  });

  it.each(['2025-01-01T00:00:00.000Z', '2036-11-23T00:00:00.000Z'])(
    'records by its own clock what a gateway asks for whose clock is minutes away from it: %s',
    async (time) => {
      const { decryptedAt } = await reveal(newCommandId(new Date()), time);
      expect(decryptedAt).toBe(stores.clock.now().toISOString());
      expect(await recordedVersions(decryptedAt)).toEqual([['SecretRead', 1, decryptedAt]]);
    },
  );

  it('records each version that a request has opened, should the current one change before it is handled again', async () => {
    const commandId = newCommandId(new Date());
    await reveal(commandId);
    await write(2, 'the second value');
    expect(await reveal(commandId)).toMatchObject({ value: 'the second value', version: 2 });
    expect((await recordedVersions()).map(([, version]) => version)).toEqual([1, 2]);
  });
});
