import type { INestApplicationContext } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import type { Role } from '#libs/contracts';
import { newCommandId, Redacted } from '#libs/kernel';
import { createLogger } from '#libs/observability';
import { openTestStores, type TestStores } from '#libs/testing';
import { AccessModule } from '../app.module';
import { readAccessConfig } from '../config';
import { CreateOrganizationHandler } from '../organizations/create-organization.handler';
import { prepareAccess } from '../prepare-access';
import { Sessions } from '../sessions/sessions';
import { SignUpHandler } from '../sign-up/sign-up.handler';
import { AcceptInvitationHandler } from './accept-invitation.handler';
import { InviteMemberHandler } from './invite-member.handler';
import { ListInvitationsHandler } from './list-invitations.handler';

jest.setTimeout(60_000);

const context = { correlationId: 'request-1' };
const origin = { address: '192.0.2.7', userAgent: null };

interface Actor {
  readonly orgId: string;
  readonly actorType: 'user';
  readonly actorId: string;
}

describe('InviteMemberHandler', () => {
  let stores: TestStores;
  let app: INestApplicationContext;
  let owner: Actor;

  const command = (caller: Actor, idempotencyKey: string | null = null) => ({
    caller,
    commandId: newCommandId(),
    idempotencyKey,
  });
  const signUp = async (email: string): Promise<Actor> => {
    const password = new Redacted('correct horse battery');
    const tickets = { signUpToken: null, invitationToken: null };
    const request = { email, name: 'Somebody', password, ...tickets, ...origin };
    const { token } = await app.get(SignUpHandler).handle(request, context);
    const session = await app.get(Sessions).find(token);
    if (!session) throw new Error('Nobody signed up');
    return { orgId: session.personalOrgId, actorType: 'user', actorId: session.userId };
  };
  const invite = (caller: Actor, email: string, role: Role = 'member') =>
    app.get(InviteMemberHandler).handle({ ...command(caller), email, role }, context);
  const accept = (caller: Actor, link: Redacted<string>) => {
    const token = new Redacted(link.expose().split('token=')[1] ?? '');
    return app.get(AcceptInvitationHandler).handle({ ...command(caller), token }, context);
  };
  /** Somebody new who has joined in this role. */
  const join = async (email: string, role: Role): Promise<Actor> => {
    const person = await signUp(email);
    await accept(person, (await invite(owner, email, role)).acceptLink);
    return { ...person, orgId: owner.orgId };
  };
  const open = async () => (await app.get(ListInvitationsHandler).handle({ caller: owner })).data;

  beforeEach(async () => {
    stores = await openTestStores();
    const { clock, events, keyring, reads } = stores;
    const config = readAccessConfig({ OPEN_SIGN_UP: 'true' });
    const logger = createLogger({ level: 'silent', service: 'access' });
    const parts = { config, clock, logger, events, keyring, reads, forgetFirstKey: async () => undefined };
    app = await NestFactory.createApplicationContext(AccessModule.register(parts), { logger: false });
    await app.init();
    await prepareAccess(app, 'http://127.0.0.1:8080');
    owner = await signUp('ada@example.com');
    const request = { ...command(owner), name: 'Shared' };
    owner = { ...owner, orgId: (await app.get(CreateOrganizationHandler).handle(request, context)).data.id };
  });
  afterEach(async () => {
    await app.close();
    await stores.discard();
  });

  it('replaces the earlier invitation of an address, though one in between was refused', async () => {
    const admin = await join('grace@example.com', 'admin');
    const first = await invite(admin, 'eve@example.com');
    stores.clock.pass(1_000);
    const refused = invite(admin, 'eve@example.com', 'owner');
    await expect(refused).rejects.toMatchObject({ code: 'FORBIDDEN' });
    stores.clock.pass(1_000);
    const last = await invite(admin, 'eve@example.com');
    expect((await open()).map(({ id }) => id)).toEqual([last.data.id]);
    const eve = await signUp('eve@example.com');
    await expect(accept(eve, first.acceptLink)).rejects.toMatchObject({ code: 'NOT_FOUND' });
    await accept(eve, last.acceptLink);
    expect(await open()).toEqual([]);
  });
});
