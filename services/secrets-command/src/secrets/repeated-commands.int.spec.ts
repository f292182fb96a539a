import { foldStream } from '#libs/event-store';
import { secretFold, secretStream } from '#libs/events';
import { IdempotentAnswers } from '#libs/idempotency';
import { AppError, isAppError, newCommandId, Redacted, type Clock } from '#libs/kernel';
import { createLogger } from '#libs/observability';
import { RunningProjection } from '#libs/projection';
import {
  intercepted,
  losingAnswers,
  openTestStores,
  seededRandom,
  Turns,
  type TestStores,
} from '#libs/testing';
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

jest.setTimeout(60_000);

const caller = { orgId: 'org_test', actorType: 'api-key' as const, actorId: 'key_test' };
const { orgId } = caller;
const context = { correlationId: 'test' };
const logger = createLogger({ level: 'silent', service: 'test' });
const config: SecretsCommandConfig = { secretsPerOrganizationMax: 10_000, recoveryDays: 7 };
const SCHEDULES = 100;

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
function aProcess({
  clock,
  events,
  reads,
}: Pick<TestStores, 'events' | 'reads'> & { clock: Clock } = stores) {
  const { keyring } = stores;
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
      change: { name?: string; value?: Redacted<string>; tags?: string[] },
      key: string | null = null,
    ) => updating.handle({ ...origin(key), secret, ...change, ifRevision: null, lastReadAt: null }, context),
    destroy: (secret: string, key: string | null = null) =>
      deleting.handle({ ...origin(key), secret, ifRevision: null, destroy: true }, context),
  };
}

const away = () => Promise.reject(new AppError('STORE_UNAVAILABLE'));

/** A process that dies behind its event, and records no answer. */
function aDyingProcess() {
  return aProcess({ ...stores, reads: losingAnswers(stores.reads) });
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

/** A process that is stopped behind the record of its command, for longer than the caller waits to send it elsewhere. */
function aProcessThatIsStopped(meanwhile: () => Promise<void>) {
  const putIfAbsent: TestStores['reads']['putIfAbsent'] = async (collection, document) => {
    const kept = await stores.reads.putIfAbsent(collection, document);
    if ('outcome' in document) return kept;
    await meanwhile();
    stores.clock.pass(2_000);
    return kept;
  };
  return aProcess({ ...stores, reads: intercepted(stores.reads, { putIfAbsent }) });
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

describe('A command whose process was stopped while its repetition was answered', () => {
  it('overwrites nothing after the answer that nothing had to change', async () => {
    const id = await aProcess().create('NAME');
    const repeat = (process = aProcess()) => process.update(id, { tags: [] }, 'k');
    let answer: unknown;
    const stopped = aProcessThatIsStopped(async () => {
      answer = await repeat();
      await aProcess().update(id, { tags: ['of somebody else'] });
    });
    expect(await repeat(stopped)).toEqual(answer);
    expect(await stateOf(id)).toMatchObject({ secret: { tags: ['of somebody else'] } });
    expect(await repeat()).toEqual(answer);
  });

  it('makes no secret after the answer that its name was taken', async () => {
    const refused = { code: 'SECRET_NAME_TAKEN' };
    const repeat = (process = aProcess()) =>
      expect(process.create('NAME', 'k')).rejects.toMatchObject(refused);
    const other = await aProcess().create('NAME');
    const stopped = aProcessThatIsStopped(async () => {
      await repeat();
      await aProcess().update(other, { name: 'OTHER' });
    });
    await repeat(stopped);
    await repeat();
    await expect(aProcess().create('NAME')).resolves.toMatch(/^sec_/);
  });
});

/** A command that may be sent to any process. */
type Send = (process: ReturnType<typeof aProcess>, key: string) => Promise<unknown>;

function someCommands(id: string, seed: number): Send[] {
  const [name, newName] = [`OLD_${seed}`, `NEW_${seed}`];
  return [
    (process, key) => process.created(newName, key),
    (process, key) => process.update(name, { value: new Redacted('w') }, key),
    (process, key) => process.update(id, { name: newName }, key),
    (process, key) => process.update(id, { tags: [] }, key),
    (process, key) => process.destroy(name, key),
  ];
}

async function answerOf(sent: Promise<unknown>): Promise<string> {
  return sent.then(
    (reply) => JSON.stringify(reply),
    (error: unknown) => (isAppError(error) ? error.code : String(error)),
  );
}
const isReply = (answer: string) => answer.startsWith('{');

describe('Repeated commands in two processes at once', () => {
  it('have one answer each, in whatever order they take their steps and wherever they die', async () => {
    for (let seed = 0; seed < SCHEDULES; seed += 1) {
      const random = seededRandom(seed);
      const commands = someCommands(await aProcess().create(`OLD_${seed}`), seed);
      const turns = new Turns();
      const events = turns.before(stores.events, 'append', 'read');
      const reads = turns.before(stores.reads, 'putIfAbsent', 'get', 'put');
      const sent = [1, 2].map((nth) => {
        const send = commands[Math.floor(random() * commands.length)]!;
        const answers: string[] = [];
        const sendTo = async (process: ReturnType<typeof aProcess>) =>
          answers.push(await answerOf(send(process, `${seed}-${nth}`)));
        for (const ms of [0, 60_000 * random()])
          turns.begin(() => sendTo(aProcess({ clock: stores.clock.ahead(ms), events, reads })));
        return { answers, sendTo };
      });
      await turns.run(random);

      for (const { answers, sendTo } of sent) {
        const later = { ...stores, clock: stores.clock.ahead(120_000) };
        for (let nth = 0; nth < 2; nth += 1) await sendTo(aProcess(later));
        const replies = new Set(answers.filter(isReply));
        expect({ seed, replies: [...replies] }).toEqual({ seed, replies: [...replies].slice(0, 1) });
        const [again, onceMore] = answers.slice(-2);
        expect({ seed, onceMore }).toEqual({ seed, onceMore: again });
        expect({ seed, isReply: isReply(again!) }).toEqual({ seed, isReply: replies.size > 0 });
      }
    }
  });
});
