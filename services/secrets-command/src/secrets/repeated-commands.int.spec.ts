import { foldStream } from '#libs/event-store';
import { secretFold, secretStream } from '#libs/events';
import { IdempotentAnswers } from '#libs/idempotency';
import { AppError, newCommandId, Redacted } from '#libs/kernel';
import { createLogger } from '#libs/observability';
import { RunningProjection } from '#libs/projection';
import { intercepted, openTestStores, type TestStores } from '#libs/testing';
import type { SecretsCommandConfig } from '../config';
import { CreateSecretHandler } from './create-secret.handler';
import { DeleteSecretHandler } from './delete-secret.handler';
import { RecoveryWindows } from './recovery-windows';
import { secretInventory } from './secret-inventory.projection';
import { SecretNames } from './secret-names';
import { SecretQuota } from './secret-quota';
import { SecretShredder } from './secret-shredder';
import { SecretStreams } from './secret-streams';
import { UpdateSecretHandler } from './update-secret.handler';

const caller = { orgId: 'org_test', actorType: 'api-key' as const, actorId: 'key_test' };
const { orgId } = caller;
const context = { correlationId: 'test' };
const logger = createLogger({ level: 'silent', service: 'test' });
const config: SecretsCommandConfig = { secretsPerOrganizationMax: 10_000, recoveryDays: 7 };

let stores: TestStores;
let inventory: RunningProjection;

beforeEach(async () => {
  stores = await openTestStores();
  inventory = new RunningProjection({ projection: secretInventory, ...stores, logger });
  await inventory.onModuleInit();
  await new IdempotentAnswers(stores).onModuleInit();
});
afterEach(async () => {
  await inventory.onApplicationShutdown();
  await stores.discard();
});

/** A process of the service. */
function aProcess({ events, reads }: Pick<TestStores, 'events' | 'reads'> = stores) {
  const { keyring, clock } = stores;
  const answers = new IdempotentAnswers({ ...stores, reads });
  const streams = new SecretStreams(events, keyring);
  const names = new SecretNames(events, clock, keyring);
  const quota = new SecretQuota(inventory, stores.events, stores.reads, config);
  const shredder = new SecretShredder(clock, logger, stores.reads, keyring, streams);
  const windows = new RecoveryWindows(config, events);
  const creating = new CreateSecretHandler(clock, answers, keyring, names, quota, streams);
  const updating = new UpdateSecretHandler(clock, answers, keyring, names, streams);
  const deleting = new DeleteSecretHandler(clock, answers, names, shredder, streams, windows);
  const origin = (idempotencyKey: string | null) => ({
    caller,
    commandId: newCommandId(new Date()),
    idempotencyKey,
  });
  const created = (name: string, key: string | null = null) => {
    const content = { value: new Redacted('v'), description: null, tags: [], expiresAt: null };
    return creating.handle({ ...origin(key), name, ...content }, context);
  };
  return {
    created,
    create: async (name: string, key: string | null = null) => (await created(name, key)).data.id,
    update: (
      secret: string,
      change: { name?: string; value?: Redacted<string> },
      key: string | null = null,
    ) => updating.handle({ ...origin(key), secret, ...change, ifRevision: null, lastReadAt: null }, context),
    destroy: (secret: string, key: string | null = null) =>
      deleting.handle({ ...origin(key), secret, ifRevision: null, destroy: true }, context),
  };
}

const away = () => Promise.reject(new AppError('STORE_UNAVAILABLE'));

/** A process that dies behind its event, and records no answer. */
function aDyingProcess() {
  return aProcess({ ...stores, reads: intercepted(stores.reads, { put: away }) });
}

async function stateOf(secretId: string) {
  const stream = secretStream(orgId, secretId);
  return (await foldStream(stores.events, { orgId, stream }, secretFold)).state;
}

/** A process that dies between its claim on a name and the event that needs it. */
function aProcessThatDiesBehindItsClaim() {
  const append: TestStores['events']['append'] = (request) =>
    request.stream.startsWith('secret-') ? away() : stores.events.append(request);
  return aProcess({ ...stores, events: intercepted(stores.events, { append }) });
}

const unavailable = { code: 'STORE_UNAVAILABLE' };

describe('A command by name whose answer was lost, when it is repeated,', () => {
  it('has renamed its secret', async () => {
    await aProcess().create('OLD');
    await expect(aDyingProcess().update('OLD', { name: 'NEW' }, 'k')).rejects.toMatchObject(unavailable);
    await expect(aProcess().update('OLD', { name: 'NEW' }, 'k')).resolves.toMatchObject({
      data: { name: 'NEW' },
      revision: '1',
    });
  });

  it('has deleted its secret, and leaves alone the one that has the name since', async () => {
    const first = await aProcess().create('OLD');
    await expect(aDyingProcess().destroy('OLD', 'k')).rejects.toMatchObject(unavailable);
    const second = await aProcess().create('OLD');

    const answer = await aProcess().destroy('OLD', 'k');
    expect(await aProcess().destroy('OLD', 'k')).toEqual(answer);
    expect(await stateOf(first)).toMatchObject({ status: 'shredded' });
    expect(await stateOf(second)).toMatchObject({ status: 'live' });
  });

  it('has deleted its secret, whose name nobody has', async () => {
    await aProcess().create('OLD');
    await expect(aDyingProcess().destroy('OLD', 'k')).rejects.toMatchObject(unavailable);
    await expect(aProcess().destroy('OLD', 'k')).resolves.toHaveProperty('position');
  });

  it('has given its secret a value, and gives none to another of that name', async () => {
    const value = new Redacted('of the first');
    const first = await aProcess().create('OLD');
    await expect(aDyingProcess().update('OLD', { value }, 'k')).rejects.toMatchObject(unavailable);
    await aProcess().update(first, { name: 'OTHER' });
    const second = await aProcess().create('OLD');

    const again = aProcess().update('OLD', { value }, 'k');
    await expect(again).resolves.toMatchObject({ data: { id: first, name: 'OLD', version: 2 } });
    expect(await stateOf(second)).toMatchObject({ secret: { version: 1 } });
  });

  it('has found nothing, whoever has the name since', async () => {
    await expect(aDyingProcess().destroy('OLD', 'k')).rejects.toMatchObject(unavailable);
    const id = await aProcess().create('OLD');
    await expect(aProcess().destroy('OLD', 'k')).rejects.toMatchObject({ code: 'NOT_FOUND' });
    expect(await stateOf(id)).toMatchObject({ status: 'live' });
  });
});

describe('A creation whose answer was lost, when it is repeated,', () => {
  it('has made its secret, whoever has the name since', async () => {
    await expect(aDyingProcess().create('OLD', 'k')).rejects.toMatchObject(unavailable);
    const { data } = await aProcess().update('OLD', { name: 'NEW' });
    const second = await aProcess().create('OLD');

    const answer = await aProcess().created('OLD', 'k');
    expect(answer).toMatchObject({ data: { id: data.id, name: 'OLD' }, revision: '0' });
    expect(await stateOf(data.id)).toMatchObject({ secret: { name: 'NEW' } });
    expect(await stateOf(second)).toMatchObject({ status: 'live', secret: { name: 'OLD' } });
  });
});

describe('A creation that died behind its claim', () => {
  const GRACE_MS = 6_000;
  beforeEach(async () => {
    const dying = aProcessThatDiesBehindItsClaim().create('NAME', 'k');
    await expect(dying).rejects.toMatchObject(unavailable);
  });

  it('comes to be when it is repeated, also after another had its name meanwhile', async () => {
    stores.clock.pass(GRACE_MS);
    const other = await aProcess().create('NAME');
    await expect(aProcess().create('NAME', 'k2')).rejects.toMatchObject({ code: 'SECRET_NAME_TAKEN' });
    await aProcess().destroy(other);

    const id = await aProcess().create('NAME', 'k');
    expect(await aProcess().create('NAME', 'k')).toBe(id);
    expect(await stateOf(id)).toMatchObject({ status: 'live', secret: { name: 'NAME' } });
  });

  it('takes no name from another for longer than its deadline, whatever the other was told before', async () => {
    const next = () => aProcess().create('NAME', 'k2');
    await expect(next()).rejects.toMatchObject({ code: 'CONCURRENT_CHANGE' });
    stores.clock.pass(GRACE_MS);
    await expect(next()).resolves.toMatch(/^sec_/);
  });

  it('is repeated as often as it dies, and is one secret', async () => {
    for (let nth = 0; nth < 3; nth += 1) {
      stores.clock.pass(GRACE_MS);
      await aProcess().destroy(await aProcess().create('NAME'));
      const dying = aProcessThatDiesBehindItsClaim().create('NAME', 'k');
      await expect(dying).rejects.toMatchObject(unavailable);
    }
    const dying = aDyingProcess().create('NAME', 'k');
    await expect(dying).rejects.toMatchObject(unavailable);
    const id = await aProcess().create('NAME', 'k');
    expect(await aProcess().create('NAME', 'k')).toBe(id);
    await expect(aProcess().create('NAME')).rejects.toMatchObject({ code: 'SECRET_NAME_TAKEN' });
  });
});
