import type { INestApplicationContext } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { newCommandId, Redacted } from '#libs/kernel';
import { createLogger } from '#libs/observability';
import { AccessModule, type AccessParts } from '../services/access/src/app.module';
import { readAccessConfig } from '../services/access/src/config';
import { prepareAccess } from '../services/access/src/prepare-access';
import { Sessions } from '../services/access/src/sessions/sessions';
import { SignUpHandler } from '../services/access/src/sign-up/sign-up.handler';

/** The whole access service without its transport, for specs that need people. */
export interface AccessWorld {
  readonly app: INestApplicationContext;
  /** Signs up a new person, who calls in their personal organization. */
  signUp(email: string): Promise<Inhabitant>;
}

export interface Inhabitant {
  readonly caller: { readonly orgId: string; readonly actorType: 'user'; readonly actorId: string };
  readonly sessionId: string;
  readonly token: Redacted<string>;
}

export const context = { correlationId: 'request-1' };
export const origin = { address: '192.0.2.7', userAgent: null };
export const password = new Redacted('correct horse battery');

type Stores = Pick<AccessParts, 'clock' | 'events' | 'keyring' | 'reads'>;

export async function openAccessWorld(
  { clock, events, keyring, reads }: Stores,
  env: Readonly<Record<string, string>> = {},
): Promise<AccessWorld> {
  const config = readAccessConfig({ OPEN_SIGN_UP: 'true', ...env });
  const logger = createLogger({ level: 'silent', service: 'access' });
  const aside = { forgetFirstKey: async () => undefined, publicUrl: () => 'http://127.0.0.1:8080' };
  const parts = { config, clock, logger, events, keyring, reads, ...aside };
  const app = await NestFactory.createApplicationContext(AccessModule.register(parts), { logger: false });
  await app.init();
  await prepareAccess(app);
  return { app, signUp: (email) => signUp(app, email) };
}

/** Gives the fields that every command of a caller has. */
export function commandOf<C>(caller: C, idempotencyKey: string | null = null) {
  return { caller, commandId: newCommandId(new Date()), idempotencyKey };
}

/** Gives the token in the link of an invitation. */
export function tokenIn(link: Redacted<string>): Redacted<string> {
  return new Redacted(link.expose().split('#token=')[1] ?? '');
}

async function signUp(app: INestApplicationContext, email: string): Promise<Inhabitant> {
  const tickets = { signUpToken: null, invitationToken: null };
  const request = { email, name: 'Somebody', password, ...tickets, ...origin };
  const { token } = await app.get(SignUpHandler).handle(request, context);
  const session = await app.get(Sessions).find(token);
  if (!session) throw new Error('Nobody signed up');
  const { sessionId, personalOrgId: orgId, userId: actorId } = session;
  return { caller: { orgId, actorType: 'user', actorId }, sessionId, token };
}
