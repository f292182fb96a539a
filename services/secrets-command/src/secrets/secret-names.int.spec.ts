import { eventMetadata } from '#libs/event-store';
import { nameHolder, secretNameStream, secretStream } from '#libs/events';
import { newCommandId, Redacted } from '#libs/kernel';
import { intercepted, openTestStores, someSealed, someSecret, type TestStores } from '#libs/testing';
import { SecretNames } from './secret-names';

const orgId = 'org_test';
const name = 'STRIPE_WEBHOOK_SECRET';

describe('SecretNames', () => {
  let stores: TestStores;
  let names: SecretNames;

  beforeEach(async () => {
    stores = await openTestStores();
    names = new SecretNames(stores.events, stores.clock, stores.keyring);
  });
  afterEach(() => stores.discard());

  const metadata = () => {
    const caller = { orgId, actorType: 'api-key', actorId: 'key_test' };
    const at = stores.clock.now().toISOString();
    return eventMetadata({
      caller,
      commandId: newCommandId(new Date()),
      correlationId: 'test',
      at,
      producer: 'test',
    });
  };
  const claim = (secretId: string) =>
    names.claim({ orgId, name, secretId }, metadata(), () =>
      stores.keyring.seal(orgId, secretId, 1, new Redacted('value')),
    );
  const keysLeft = () => stores.keys.count({ purpose: 'data' });
  const create = (id: string) => {
    const event = {
      type: 'SecretCreated',
      data: { secret: { ...someSecret, id, name }, sealed: someSealed('key-1') },
    };
    const stream = secretStream(orgId, id);
    return stores.events.append({
      orgId,
      stream,
      events: [event],
      expected: 'no stream',
      metadata: metadata(),
    });
  };
  const rename = (id: string, newName: string) => {
    const data = { secret: { ...someSecret, id, name: newName }, previousName: name };
    const stream = secretStream(orgId, id);
    const events = [{ type: 'SecretRenamed', data }];
    return stores.events.append({ orgId, stream, events, expected: { revision: '0' }, metadata: metadata() });
  };
  const holder = async () => {
    const stream = secretNameStream(orgId, await stores.keyring.secretNameDigest(orgId, name));
    const [last] = await stores.events.read({ orgId, stream, direction: 'backwards', limit: 1 });
    return nameHolder(last)?.secretId;
  };

  /** As a creation goes. */
  const claimAndCreate = async (secretId: string) => {
    const sealed = await claim(secretId);
    await create(secretId);
    return sealed;
  };

  it('give a name to one of many at once', async () => {
    const ids = Array.from({ length: 20 }, (_, n) => `sec_${n}`);
    const outcomes = await Promise.allSettled(ids.map(claimAndCreate));
    const won = ids.filter((_, n) => outcomes[n]?.status === 'fulfilled');
    expect(won).toEqual([await holder()]);
    const lost = outcomes.filter(({ status }) => status === 'rejected');
    for (const outcome of lost) expect(outcome).toMatchObject({ reason: { code: 'SECRET_NAME_TAKEN' } });
  });

  it('keep the name of a secret, however old the claim', async () => {
    await claim('sec_first');
    await create('sec_first');
    stores.clock.pass(3_600_000);
    await expect(claim('sec_second')).rejects.toMatchObject({ code: 'SECRET_NAME_TAKEN' });
  });

  it('begin nothing for a name that is taken', async () => {
    await claimAndCreate('sec_first');
    const seal = () => Promise.reject(new Error('Nothing is to be sealed'));
    const second = names.claim({ orgId, name, secretId: 'sec_second' }, metadata(), seal);
    await expect(second).rejects.toMatchObject({ code: 'SECRET_NAME_TAKEN' });
  });

  it('leave no data key behind for a race that was lost', async () => {
    const ids = Array.from({ length: 20 }, (_, n) => `sec_${n}`);
    const outcomes = await Promise.allSettled(ids.map(claimAndCreate));
    const [won] = outcomes.filter((outcome) => outcome.status === 'fulfilled');
    expect(await keysLeft()).toBe(1);
    expect(await stores.keys.get(won!.value.dataKeyId)).not.toBeNull();
  });

  it('leave a claim to its command until the deadline and a second, then to the next, fencing the late one off', async () => {
    await claim('sec_late');
    stores.clock.pass(5_999);
    await expect(claim('sec_next')).rejects.toMatchObject({ code: 'CONCURRENT_CHANGE' });
    expect(await holder()).toBe('sec_late');

    stores.clock.pass(1);
    await claim('sec_next');
    expect(await holder()).toBe('sec_next');
    await expect(create('sec_late')).rejects.toMatchObject({ code: 'WRONG_REVISION' });
    await expect(create('sec_next')).resolves.toMatchObject({ duplicate: false });
  });

  it('tell who wants a name what comes of a claim that is under way', async () => {
    await claim('sec_first');
    const outcomes = Promise.allSettled(['sec_second', 'sec_third'].map(claim));
    await create('sec_first');
    const refused = { status: 'rejected', reason: { code: 'SECRET_NAME_TAKEN' } };
    expect(await outcomes).toMatchObject([refused, refused]);

    const other = 'PAYPAL_WEBHOOK_SECRET';
    const none = () => Promise.resolve(undefined);
    await names.claim({ orgId, name: other, secretId: 'sec_first' }, metadata(), none);
    const next = names.claim({ orgId, name: other, secretId: 'sec_second' }, metadata(), none);
    const { position } = await rename('sec_first', 'ANOTHER');
    await names.release({ orgId, name: other, secretId: 'sec_first' }, metadata(), position);
    await expect(next).resolves.toBeUndefined();
  });

  it('do not wait for a time that was never meant: of a claim made while a clock was wrong', async () => {
    stores.clock.setBy(3_600_000);
    await claim('sec_late');
    stores.clock.setBy(-3_600_000);
    await claim('sec_next');
    expect(await holder()).toBe('sec_next');
    await expect(create('sec_late')).rejects.toMatchObject({ code: 'WRONG_REVISION' });
  });

  it('do not take over a claim whose secret comes in first', async () => {
    await claim('sec_late');
    stores.clock.pass(60_000);
    // The newcomer has read the holder's stream, and is about to fence it off.
    const slow = intercepted(stores.events, {
      async append(request) {
        if (request.stream === secretStream(orgId, 'sec_late')) await create('sec_late');
        return stores.events.append(request);
      },
    });
    const newcomer = new SecretNames(slow, stores.clock, stores.keyring);
    const claiming = newcomer.claim({ orgId, name, secretId: 'sec_next' }, metadata(), () =>
      Promise.resolve(undefined),
    );
    await expect(claiming).rejects.toMatchObject({ code: 'SECRET_NAME_TAKEN' });
    expect(await holder()).toBe('sec_late');
  });
});
