import { createLogger } from '#libs/observability';
import type { ReadStore } from '#libs/read-store';
import { intercepted, openTestStores, type TestStores } from '#libs/testing';
import { until } from '../../../../test/e2e/until';
import { SESSION_IDLE_MS_MAX, SESSION_MS_MAX, SessionRecords } from './session-records';
import { Sessions, type StartedSession } from './sessions';

const MINUTE_MS = 60_000;
const person = { userId: 'usr_1', personalOrgId: 'org_1' };

describe('Sessions', () => {
  let stores: TestStores;
  let sessions: Sessions;
  const recordsOf = ({ clock, reads }: Pick<TestStores, 'clock' | 'reads'>) =>
    new SessionRecords(clock, createLogger({ level: 'silent', service: 'access' }), reads);
  const openSessions = async (reads = stores.reads) => {
    const opened = new Sessions(stores.clock, stores.keyring, recordsOf({ ...stores, reads }));
    await opened.onModuleInit();
    return opened;
  };
  const now = () => stores.clock.now().toISOString();
  const start = async () => {
    const sessionId = sessions.newSessionId();
    const how = { authenticatedAt: now(), address: null, userAgent: null };
    return { sessionId, ...(await sessions.start({ ...person, ...how, sessionId }, async () => true)) };
  };
  /** Ids of the sessions that the person sees. */
  const listed = async () => (await sessions.listOf('usr_1')).map(({ sessionId }) => sessionId);
  /** Uses it, and waits until that is written. */
  const use = async ({ sessionId, token }: StartedSession & { sessionId: string }) => {
    const found = await sessions.find(token);
    if (found) {
      await until(
        () => sessions.listOf('usr_1'),
        (all) => all.some((one) => one.sessionId === sessionId && one.lastSeenAt === now()),
      );
    }
    return found;
  };

  beforeEach(async () => {
    stores = await openTestStores();
    sessions = await openSessions();
  });
  afterEach(() => stores.discard());

  it('end a quarter of an hour after their last use, here and in any process, and leave the list', async () => {
    const used = await start();
    const unused = await start();
    stores.clock.pass(SESSION_IDLE_MS_MAX - 1);
    expect(await use(used)).toMatchObject({ sessionId: used.sessionId });
    expect((await listed()).sort()).toEqual([used.sessionId, unused.sessionId].sort());
    stores.clock.pass(1);
    expect(await sessions.find(unused.token)).toBeNull();
    expect(await (await openSessions()).find(unused.token)).toBeNull();
    expect(await listed()).toEqual([used.sessionId]);
    await expect(sessions.renew('usr_1', unused.sessionId)).rejects.toMatchObject({
      code: 'AUTHENTICATION_REQUIRED',
    });
    stores.clock.pass(SESSION_IDLE_MS_MAX - 1);
    expect(await sessions.find(used.token)).toBeNull();
    expect(await listed()).toEqual([]);
  });

  it('end twelve hours after they began, however much they are used', async () => {
    const session = await start();
    expect(session.expiresAt).toBe(new Date(stores.clock.now().getTime() + SESSION_MS_MAX).toISOString());
    for (let passed = 0; passed < SESSION_MS_MAX - 10 * MINUTE_MS; passed += 10 * MINUTE_MS) {
      stores.clock.pass(10 * MINUTE_MS);
      expect(await use(session)).not.toBeNull();
    }
    stores.clock.pass(10 * MINUTE_MS - 1);
    expect(await use(session)).not.toBeNull();
    expect(await listed()).toEqual([session.sessionId]);
    stores.clock.pass(1_001);
    expect(await sessions.find(session.token)).toBeNull();
    expect(await listed()).toEqual([]);
  });

  it('end within a second of their end in another process, though the clock was set back meanwhile', async () => {
    const session = await start();
    expect(await sessions.find(session.token)).not.toBeNull();
    stores.clock.setBy(-3_600_000);
    await (await openSessions()).endThose('usr_1', () => true);
    expect(await sessions.find(session.token)).not.toBeNull();
    stores.clock.pass(1_001);
    expect(await sessions.find(session.token)).toBeNull();
  });

  it.each(['put', 'remove'] as const)(
    'end although another process renews them at that moment: before the next %s',
    async (step) => {
      const session = await start();
      const other = await openSessions();
      let meanwhile: (() => Promise<unknown>) | undefined;
      const write = async (...[collection, given]: [string, never]) => {
        const work = meanwhile;
        meanwhile = undefined;
        await work?.();
        return stores.reads[step](collection, given);
      };
      const slow = await openSessions(intercepted(stores.reads, { [step]: write }));
      const renew = async (process: Sessions) => process.renew('usr_1', session.sessionId).catch(() => null);
      const end = async (process: Sessions) => process.endThose('usr_1', () => true);
      meanwhile = async () => (step === 'put' ? end(other) : renew(other));
      await (step === 'put' ? renew(slow) : end(slow));
      expect(meanwhile).toBeUndefined();
      expect(await stores.reads.count('sessions_v1', { where: {} })).toBe(0);
    },
  );

  it('do not begin anew when their person proves again who they are', async () => {
    const session = await start();
    for (let minutes = 0; minutes < 11 * 60; minutes += 10) {
      stores.clock.pass(10 * MINUTE_MS);
      await use(session);
    }
    const renewed = await sessions.renew('usr_1', session.sessionId, { authenticatedAt: now() });
    expect(renewed.expiresAt).toBe(session.expiresAt);
    expect(await sessions.find(session.token)).toBeNull();
    expect(await sessions.find(renewed.token)).toMatchObject({
      sessionId: session.sessionId,
      authenticatedAt: now(),
    });
  });

  it('are not proved again by another token', async () => {
    const provedAt = now();
    const session = await start();
    stores.clock.pass(10 * MINUTE_MS);
    const { token } = await sessions.renew('usr_1', session.sessionId);
    expect(await sessions.find(session.token)).toBeNull();
    expect(await sessions.find(token)).toMatchObject({
      sessionId: session.sessionId,
      authenticatedAt: provedAt,
    });
  });

  it('leave nothing behind once they have ended by age', async () => {
    const many = await Promise.all(Array.from({ length: 5 }, start));
    stores.clock.pass(MINUTE_MS);
    for (const session of many) await use(session);
    stores.clock.pass(SESSION_MS_MAX);
    await start();
    await recordsOf(stores).purge();
    expect(await stores.reads.count('sessions_v1', { where: {} })).toBe(1);
    stores.clock.pass(SESSION_MS_MAX);
    await recordsOf(stores).purge();
    expect(await stores.reads.count('session_uses_v1', { where: {} })).toBe(0);
  });

  it('of one person are fifty at most: with the next the oldest ends', async () => {
    const oldest = await start();
    stores.clock.pass(1);
    const second = await start();
    for (let count = 2; count < 50; count += 1) {
      stores.clock.pass(1);
      await start();
    }
    expect(await sessions.find(oldest.token)).not.toBeNull();
    stores.clock.pass(1);
    const latest = await start();
    expect(await sessions.find(oldest.token)).toBeNull();
    expect(await sessions.find(second.token)).not.toBeNull();
    expect(await sessions.find(latest.token)).not.toBeNull();
    expect(await listed()).toHaveLength(50);
  });

  it('are not remembered when they end while they are looked up', async () => {
    const session = await start();
    let meanwhile: (() => Promise<unknown>) | undefined;
    const get: ReadStore['get'] = async (collection, id) => {
      const found = await stores.reads.get(collection, id);
      const work = meanwhile;
      meanwhile = undefined;
      await work?.();
      return found;
    };
    const slow = await openSessions(intercepted(stores.reads, { get }));
    meanwhile = async () => slow.endThose('usr_1', () => true);
    // It was there when it was asked for.
    expect(await slow.find(session.token)).not.toBeNull();
    expect(await slow.find(session.token)).toBeNull();
  });
});
