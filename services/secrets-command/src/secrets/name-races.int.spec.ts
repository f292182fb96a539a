import { eventMetadata, foldStream, type EventStore } from '#libs/event-store';
import { nameHolder, secretFold, secretNameStream, secretStream } from '#libs/events';
import { IdempotentAnswers } from '#libs/idempotency';
import { isAppError, newCommandId, Redacted, type Clock } from '#libs/kernel';
import { createLogger } from '#libs/observability';
import { RunningProjection } from '#libs/projection';
import { intercepted, openTestStores, seededRandom, Turns, type TestStores } from '#libs/testing';
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

jest.setTimeout(120_000);

const caller = { orgId: 'org_test', actorType: 'api-key' as const, actorId: 'key_test' };
const { orgId } = caller;
const context = { correlationId: 'test' };
const logger = createLogger({ level: 'silent', service: 'test' });
const config: SecretsCommandConfig = { secretsPerOrganizationMax: 10_000, recoveryDays: 7 };
const SCHEDULES = 150;

let stores: TestStores;
let inventory: RunningProjection;

beforeEach(async () => {
  stores = await openTestStores();
  inventory = new RunningProjection({ projection: secretInventory, ...stores, logger });
  await inventory.onModuleInit();
});
afterEach(async () => {
  await inventory.onApplicationShutdown();
  await stores.discard();
});

/** A process of the service, with its own view of the log and its own clock. */
function aProcess(events: EventStore = stores.events, clock: Clock = stores.clock) {
  const { keyring, reads } = stores;
  const answers = new IdempotentAnswers(stores);
  const streams = new SecretStreams(events, keyring);
  const names = new SecretNames(events, clock, keyring);
  const quota = new SecretQuota(inventory, stores.events, reads, config);
  const shredder = new SecretShredder(clock, logger, reads, keyring, streams);
  const windows = new RecoveryWindows(config, stores.events);
  const creating = new CreateSecretHandler(clock, answers, keyring, names, quota, streams);
  const updating = new UpdateSecretHandler(clock, answers, keyring, names, streams);
  const deleting = new DeleteSecretHandler(clock, answers, names, shredder, streams, windows);
  const origin = () => ({ caller, commandId: newCommandId(new Date()), idempotencyKey: null });
  return {
    async create(name: string): Promise<string> {
      const content = { value: new Redacted('v'), description: null, tags: [], expiresAt: null };
      return (await creating.handle({ ...origin(), name, ...content }, context)).data.id;
    },
    rename: (secret: string, name: string, over: { ifRevision?: string; commandId?: string } = {}) =>
      updating.handle({ ...origin(), secret, name, ifRevision: null, lastReadAt: null, ...over }, context),
    delete: (secret: string) =>
      deleting.handle({ ...origin(), secret, ifRevision: null, destroy: false }, context),
    /** What a rename leaves behind that dies half-way. */
    async claim(secretId: string, name: string): Promise<void> {
      const at = clock.now().toISOString();
      const { commandId } = origin();
      const metadata = eventMetadata({ caller, commandId, correlationId: 'test', at, producer: 'test' });
      await names.claim({ orgId, secretId, name }, metadata, () => Promise.resolve(undefined));
    },
  };
}

async function nameOf(stream: string): Promise<string | null> {
  const { state } = await foldStream(stores.events, { orgId, stream }, secretFold);
  return state.status === 'live' ? state.secret.name : null;
}
const claimsOn = async (name: string) =>
  secretNameStream(orgId, await stores.keyring.secretNameDigest(orgId, name));
async function holderOf(name: string): Promise<string | undefined> {
  const stream = await claimsOn(name);
  const [last] = await stores.events.read({ orgId, stream, direction: 'backwards', limit: 1 });
  return nameHolder(last)?.secretId;
}

/** The log of a process that stops once it has appended to a stream, before it hears of it. */
function stoppedBehind(stream: string) {
  let goOn: () => void = () => undefined;
  const stopped = new Promise<void>((resolve) => (goOn = resolve));
  let reach: () => void = () => undefined;
  const reached = new Promise<void>((resolve) => (reach = resolve));
  const log = intercepted(stores.events, {
    async append(request) {
      const appended = await stores.events.append(request);
      if (request.stream === stream) reach();
      if (request.stream === stream) await stopped;
      return appended;
    },
  });
  return { log, reached, goOn };
}

/** The log, which adds to `streams` those of secrets that are appended to. */
function noting(streams: Set<string>): EventStore {
  return intercepted(stores.events, {
    async append(request) {
      if (request.stream.startsWith('secret-')) streams.add(request.stream);
      return stores.events.append(request);
    },
  });
}

describe('SecretNames', () => {
  it('never give one name to two, in whatever order commands take their steps and wherever they die', async () => {
    for (let seed = 0; seed < SCHEDULES; seed += 1) {
      const random = seededRandom(seed);
      const [a, b] = [`A_${seed}`, `B_${seed}`];
      const id = await aProcess().create(a);
      // A rename that died before.
      if (random() < 0.5) await aProcess().claim(id, b);
      const turns = new Turns();
      const streams = new Set([secretStream(orgId, id)]);
      const log = turns.before(noting(streams), 'append', 'read');
      const commands = [
        () => aProcess(log).rename(id, b),
        () => aProcess(log).rename(id, a),
        () => aProcess(log, stores.clock.ahead(60_000)).create(a),
        () => aProcess(log, stores.clock.ahead(60_000)).create(b),
        () => aProcess(log).delete(id),
      ];
      const refusals: unknown[] = [];
      for (let nth = 0; nth < 3; nth += 1) {
        // The last one less often than the others: a secret that is gone races with nobody.
        const command = commands[Math.floor(random() * 4.3)]!;
        turns.begin(() =>
          command().catch((error: unknown) => refusals.push(isAppError(error) ? error.code : error)),
        );
      }
      await turns.run(random);

      const allowed = ['SECRET_NAME_TAKEN', 'NOT_FOUND', 'CONCURRENT_CHANGE'];
      expect({ seed, failures: refusals.filter((code) => !allowed.includes(code as string)) }).toEqual({
        seed,
        failures: [],
      });
      for (const name of [a, b]) {
        const bearers = new Set<string>();
        for (const stream of streams) if ((await nameOf(stream)) === name) bearers.add(stream);
        const holder = await holderOf(name);
        const expected = bearers.size === 0 ? [] : [secretStream(orgId, holder ?? '')];
        expect({ seed, name, bearers: [...bearers] }).toEqual({ seed, name, bearers: expected });
        // What was left behind keeps nobody from a name that no secret has.
        const next = aProcess(stores.events, stores.clock.ahead(120_000)).create(name);
        await (bearers.size === 0
          ? expect(next).resolves.toMatch(/^sec_/)
          : expect(next).rejects.toMatchObject({ code: 'SECRET_NAME_TAKEN' }));
      }
    }
  });

  it('leave a name with a secret that was given it back before it was released', async () => {
    const id = await aProcess().create('A');
    const stopped = stoppedBehind(secretStream(orgId, id));
    const there = aProcess(stopped.log).rename(id, 'B');
    await stopped.reached;
    await aProcess().rename(id, 'A');
    stopped.goOn();
    await there;
    expect([await nameOf(secretStream(orgId, id)), await holderOf('A')]).toEqual(['A', id]);
    await expect(aProcess().create('A')).rejects.toMatchObject({ code: 'SECRET_NAME_TAKEN' });
    await expect(aProcess().create('B')).resolves.toMatch(/^sec_/);
  });

  it('give a name to one of two when the one that was fenced off comes again before the other has claimed', async () => {
    const id = await aProcess().create('A');
    await aProcess().claim(id, 'B');
    const stopped = stoppedBehind(secretStream(orgId, id));
    const newcomer = aProcess(stopped.log, stores.clock.ahead(60_000)).create('B');
    await stopped.reached;
    await aProcess().rename(id, 'B');
    stopped.goOn();
    await expect(newcomer).rejects.toMatchObject({ code: 'SECRET_NAME_TAKEN' });
    expect([await nameOf(secretStream(orgId, id)), await holderOf('B')]).toEqual(['B', id]);
  });

  it('ask nobody to load a secret again because its own old claim was released meanwhile', async () => {
    const id = await aProcess().create('A');
    const stopped = stoppedBehind(secretStream(orgId, id));
    const there = aProcess(stopped.log).rename(id, 'B');
    await stopped.reached;
    // Whoever renames it back has read the name's stream, and is about to claim.
    const claims = await claimsOn('A');
    const late = intercepted(stores.events, {
      async append(request) {
        if (request.stream === claims) stopped.goOn();
        await there;
        return stores.events.append(request);
      },
    });
    await expect(aProcess(late).rename(id, 'A', { ifRevision: '1' })).resolves.toMatchObject({
      data: { name: 'A' },
    });
    expect(await holderOf('A')).toBe(id);
  });

  it('let many give one secret one name', async () => {
    const id = await aProcess().create('A');
    const many = Array.from({ length: 20 }, () => aProcess().rename(id, 'B'));
    const revisions = (await Promise.all(many)).map(({ revision }) => revision);
    expect(new Set(revisions)).toEqual(new Set(['1']));
    expect(await holderOf('B')).toBe(id);
  });

  it('lead to no secret by a name that it was refused, neither for a change nor for a delete', async () => {
    const id = await aProcess().create('A');
    const log = intercepted(stores.events, {
      async append(request) {
        if (request.stream === secretStream(orgId, id)) await aProcess().rename(id, 'C');
        return stores.events.append(request);
      },
    });
    const refused = aProcess(log).rename('A', 'B', { ifRevision: '0' });
    await expect(refused).rejects.toMatchObject({ code: 'PRECONDITION_FAILED' });
    expect(await holderOf('B')).toBe(id);
    for (const ref of ['A', 'B']) {
      await expect(aProcess().rename(ref, 'D')).rejects.toMatchObject({ code: 'NOT_FOUND' });
      await expect(aProcess().delete(ref)).rejects.toMatchObject({ code: 'NOT_FOUND' });
    }
    expect(await nameOf(secretStream(orgId, id))).toBe('C');
    await aProcess().delete('C');
  });

  it('give a repeated command its answer, also by the name that the secret had before', async () => {
    const id = await aProcess().create('A');
    const commandId = newCommandId(new Date());
    // It dies behind its event, with the old name not released.
    const stopped = stoppedBehind(secretStream(orgId, id));
    void aProcess(stopped.log).rename('A', 'B', { commandId });
    await stopped.reached;
    const again = aProcess().rename('A', 'B', { commandId });
    await expect(again).resolves.toMatchObject({ data: { name: 'B' }, revision: '1' });
  });
});
