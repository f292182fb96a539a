import type { INestApplicationContext } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { AppError, newCommandId, Redacted } from '#libs/kernel';
import { createLogger } from '#libs/observability';
import type { RunningProjection } from '#libs/projection';
import type { ReadStore } from '#libs/read-store';
import { intercepted, openTestStores, type TestStores } from '#libs/testing';
import { AccessModule } from '../app.module';
import { readAccessConfig } from '../config';
import { CreateOrganizationHandler } from '../organizations/create-organization.handler';
import { Memberships } from '../organizations/memberships';
import { prepareAccess } from '../prepare-access';
import { Sessions } from '../sessions/sessions';
import { SignInHandler } from '../sign-in/sign-in.handler';
import { SignUpHandler } from '../sign-up/sign-up.handler';
import { MEMBER_INDEX } from '../tokens';
import { Users } from '../users/users';
import { Erasures } from './erasures';
import { MeHandler } from './me.handler';

jest.setTimeout(120_000);

const context = { correlationId: 'request-1' };
const origin = { address: '192.0.2.7', userAgent: null };
const password = new Redacted('correct horse battery');
const logger = createLogger({ level: 'silent', service: 'access' });
const STEPS_MAX = 100;

describe('Erasures', () => {
  let stores: TestStores;
  /** How many more writes succeed; then the stores are away, as for a process that dies. */
  let writesLeft = Infinity;
  /** Done once, just before a person's record is written. */
  let meanwhile: (() => Promise<void>) | undefined;

  const counted = <A extends unknown[], R>(write: (...given: A) => Promise<R>) => {
    return async (...given: A): Promise<R> => {
      writesLeft -= 1;
      if (writesLeft < 0) throw new AppError('STORE_UNAVAILABLE');
      return write(...given);
    };
  };
  const start = async (): Promise<INestApplicationContext> => {
    const { clock, keyring } = stores;
    const put: ReadStore['put'] = async (collection, document) => {
      const first = collection === 'users_v1' ? meanwhile : undefined;
      if (first) meanwhile = undefined;
      await first?.();
      return stores.reads.put(collection, document);
    };
    const reads = intercepted(stores.reads, {
      put: counted(put),
      remove: counted(stores.reads.remove.bind(stores.reads)),
      forget: counted(stores.reads.forget.bind(stores.reads)),
    });
    const events = intercepted(stores.events, { append: counted(stores.events.append.bind(stores.events)) });
    const config = readAccessConfig({ OPEN_SIGN_UP: 'true' });
    const parts = { config, clock, logger, events, keyring, reads, forgetFirstKey: async () => undefined };
    const app = await NestFactory.createApplicationContext(AccessModule.register(parts), { logger: false });
    await app.init();
    await prepareAccess(app, 'http://127.0.0.1:8080');
    return app;
  };
  const signUp = async (app: INestApplicationContext, email: string) => {
    const tickets = { signUpToken: null, invitationToken: null };
    const request = { email, name: 'Grace', password, ...tickets, ...origin };
    const { token } = await app.get(SignUpHandler).handle(request, context);
    const session = await app.get(Sessions).find(token);
    if (!session) throw new Error('Nobody signed up');
    const { userId, personalOrgId: orgId } = session;
    const caller = { orgId, actorType: 'user' as const, actorId: userId };
    const command = { caller, commandId: newCommandId(new Date()), idempotencyKey: null, name: 'Shared' };
    await app.get(CreateOrganizationHandler).handle(command, context);
    return { userId, token, email, caller };
  };

  beforeEach(async () => {
    writesLeft = Infinity;
    meanwhile = undefined;
    stores = await openTestStores();
  });
  afterEach(() => stores.discard());

  it('that were cut off after any of their writes are finished by the next start', async () => {
    let app = await start();
    let steps = 0;
    for (let isDone = false; !isDone && steps < STEPS_MAX; steps += 1) {
      const person = await signUp(app, `grace-${steps}@example.com`);
      writesLeft = steps;
      const outcome = await app
        .get(Erasures)
        .erase(person.userId, context)
        .then(
          () => 'done',
          (error: unknown) => (error as AppError).code,
        );
      isDone = outcome === 'done';
      expect(['done', 'STORE_UNAVAILABLE']).toContain(outcome);
      writesLeft = Infinity;
      await app.close();
      app = await start();

      // With its first write it is decided, and not before.
      const isErased = steps > 0;
      expect((await app.get(Users).find(person.userId)) === null).toBe(isErased);
      expect((await app.get(Sessions).find(person.token)) === null).toBe(isErased);
      const head = (await stores.events.head()) ?? '0';
      await app.get<RunningProjection>(MEMBER_INDEX).waitFor(head, 5_000);
      expect(await app.get(Memberships).organizationsOf(person.userId)).toHaveLength(isErased ? 0 : 2);
      expect(await stores.reads.count('erasures_v1', { where: {} })).toBe(0);
      const proof = { email: person.email, password, totp: null, recoveryCode: null, ...origin };
      const signedIn = app.get(SignInHandler).handle(proof, context);
      if (isErased) await expect(signedIn).rejects.toMatchObject({ code: 'AUTHENTICATION_REQUIRED' });
      else expect((await signedIn).expiresAt).toMatch(/Z$/);
    }
    await app.close();
    process.stderr.write(`erasures: cut off after each of ${steps - 1} writes\n`);
    expect(steps).toBeGreaterThan(8);
    expect(steps).toBeLessThan(STEPS_MAX);
  });

  it('last, though the person was just about to change their name', async () => {
    const app = await start();
    const { caller, userId } = await signUp(app, 'grace@example.com');
    meanwhile = () => app.get(Erasures).erase(userId, context);
    const change = app.get(MeHandler).change({ caller, name: 'Hopper' }, context);
    await expect(change).rejects.toMatchObject({ code: 'NOT_FOUND' });
    expect(meanwhile).toBeUndefined();
    expect(await stores.reads.count('users_v1', { where: {} })).toBe(0);
    expect(await stores.reads.count('erasures_v1', { where: {} })).toBe(0);
    await app.close();
  });
});
