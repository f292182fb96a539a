import type { INestApplicationContext } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { AppError, Redacted } from '#libs/kernel';
import { createLogger } from '#libs/observability';
import type { ReadStore } from '#libs/read-store';
import { intercepted, openTestStores, type TestStores } from '#libs/testing';
import { AccessModule } from '../app.module';
import { readAccessConfig } from '../config';
import { FirstOrganization } from '../organizations/first-organization';
import { prepareAccess } from '../prepare-access';
import { Users } from '../users/users';
import { SignUpHandler } from './sign-up.handler';

jest.setTimeout(60_000);

const context = { correlationId: 'request-1' };
const origin = { address: '192.0.2.7', userAgent: null };
const emails = Array.from({ length: 6 }, (_, n) => `person-${n}@example.com`);

describe('SignUpHandler', () => {
  let stores: TestStores;
  let apps: INestApplicationContext[];
  let logged: string[];
  /** How often a start or a sign-up has removed the file of the first key. */
  let forgotten: number;
  /** The directory of that file is mounted read-only. */
  let isReadOnly: boolean;
  /** A process that is killed just after it has made the owner one. */
  let isKilled: boolean;

  /** One more process of the service, on the same stores. */
  const start = async () => {
    const { clock, keyring, events } = stores;
    const put: ReadStore['put'] = async (collection, document) => {
      if (isKilled && collection === 'sign_up_links_v1') throw new AppError('STORE_UNAVAILABLE');
      return stores.reads.put(collection, document);
    };
    const reads = intercepted(stores.reads, { put });
    const config = readAccessConfig({});
    const destination = { write: (line: string) => void logged.push(line) };
    const logger = createLogger({ level: 'warn', service: 'access', destination });
    const forgetFirstKey = async () => {
      if (isReadOnly) throw Object.assign(new Error('read-only file system'), { code: 'EROFS' });
      forgotten += 1;
    };
    const aside = { forgetFirstKey, publicUrl: () => 'http://127.0.0.1:8080' };
    const parts = { config, clock, logger, events, keyring, reads, ...aside };
    const app = await NestFactory.createApplicationContext(AccessModule.register(parts), { logger: false });
    await app.init();
    await app.get(FirstOrganization).make(async () => undefined);
    const link = await prepareAccess(app);
    apps.push(app);
    return { app, signUpToken: new Redacted(link?.expose().split('#token=')[1] ?? '') };
  };
  const signUp = async (
    { app, signUpToken }: Awaited<ReturnType<typeof start>>,
    email: string,
    password = 'correct horse battery',
  ) => {
    const request = { email, name: 'Grace', password: new Redacted(password), ...origin };
    return app
      .get(SignUpHandler)
      .handle({ ...request, signUpToken, invitationToken: null }, context)
      .then(
        () => 'in',
        (error: unknown) => (error as { code: string }).code,
      );
  };
  const known = async ({ app }: Awaited<ReturnType<typeof start>>) => {
    const found = await Promise.all(emails.map(async (email) => app.get(Users).findByEmail(email)));
    return emails.filter((_, n) => found[n]);
  };

  beforeEach(async () => {
    apps = [];
    forgotten = 0;
    isReadOnly = false;
    logged = [];
    isKilled = false;
    stores = await openTestStores();
  });
  afterEach(async () => {
    await Promise.all(apps.map((app) => app.close()));
    await stores.discard();
  });

  it('makes one person known when many open the link at once, in one process', async () => {
    const process = await start();
    const outcomes = await Promise.all(emails.map((email) => signUp(process, email)));
    expect(outcomes.filter((outcome) => outcome !== 'NOT_FOUND')).toEqual(['in']);
    expect(await known(process)).toEqual([emails[outcomes.indexOf('in')]]);
  });

  it('makes one person known when many open the link at once, in two processes', async () => {
    const processes = [await start(), await start()] as const;
    const outcomes = await Promise.all(emails.map((email, n) => signUp(processes[n % 2 ? 1 : 0], email)));
    for (const outcome of outcomes) expect(['in', 'NOT_FOUND', 'CONCURRENT_CHANGE']).toContain(outcome);
    expect(outcomes.filter((outcome) => outcome === 'in')).toHaveLength(1);
    expect(await known(processes[0])).toEqual([emails[outcomes.indexOf('in')]]);
  });

  it('keeps the link good for who failed to come in, and for anybody else', async () => {
    const process = await start();
    expect(await signUp(process, 'person-0@example.com', 'short')).toBe('VALIDATION_FAILED');
    const passwords = ['short', 'correct horse battery'];
    const outcomes = await Promise.all(
      passwords.map((password, n) => signUp(process, emails[n] ?? '', password)),
    );
    expect(outcomes).toEqual(['VALIDATION_FAILED', 'in']);
    expect(await known(process)).toEqual([emails[1]]);
  });

  it('leaves the file of the first key to the next start when it is cut off once there is an owner', async () => {
    const process = await start();
    isKilled = true;
    expect(await signUp(process, 'person-0@example.com')).toBe('STORE_UNAVAILABLE');
    isKilled = false;
    expect(forgotten).toBe(0);
    await start();
    expect(forgotten).toBe(1);
  });

  it('lets the owner in, and starts, though the file of the first key cannot be removed', async () => {
    isReadOnly = true;
    expect(await signUp(await start(), 'person-0@example.com')).toBe('in');
    await start();
    const warning = 'first-api-key not removed from the data directory; remove it by hand';
    const told = logged.map((line) => JSON.parse(line) as object);
    expect(told).toMatchObject([1, 2].map(() => ({ event: warning, error_code: 'EROFS' })));
  });
});
