import { Controller, Inject } from '@nestjs/common';
import { authenticate, roles, scopes, type ReplyOf, type RequestOf } from '#libs/contracts';
import { parseApiKey, verifyApiKey } from '#libs/crypto';
import { hasEnded } from '#libs/events';
import { Keyring } from '#libs/key-store';
import { AppError, isId, type Clock, type Redacted } from '#libs/kernel';
import { Handles } from '#libs/transport';
import { Organizations } from '../organizations/organizations';
import { Sessions } from '../sessions/sessions';
import { CLOCK } from '../tokens';
import { Users } from '../users/users';
import { API_KEY_PEPPER, ApiKeys } from './api-keys';

type Request = RequestOf<typeof authenticate>;
type Reply = ReplyOf<typeof authenticate>;

@Controller()
export class AuthenticateHandler {
  constructor(
    @Inject(CLOCK) private readonly clock: Clock,
    private readonly apiKeys: ApiKeys,
    private readonly keyring: Keyring,
    private readonly organizations: Organizations,
    private readonly sessions: Sessions,
    private readonly users: Users,
  ) {}

  /** Exactly one credential: with none or both there is nobody to speak of. */
  @Handles(authenticate)
  async handle(request: Request): Promise<Reply> {
    const { apiKey, session } = request;
    if (apiKey && !session) return this.withApiKey(apiKey, request);
    if (session && !apiKey) return this.withSession(session, request);
    throw new AppError('AUTHENTICATION_REQUIRED');
  }

  /** Every refusal is the same to the caller, and takes the same work once the key is well-formed. */
  private async withApiKey(credential: Redacted<string>, { organizationId }: Request): Promise<Reply> {
    const presented = parseApiKey(credential);
    if (!presented) throw new AppError('AUTHENTICATION_REQUIRED');
    const known = await this.apiKeys.find(presented.id);
    const pepper = await this.keyring.instanceKey(API_KEY_PEPPER);
    const verified = verifyApiKey(pepper, presented, known?.key.hash);
    if (!verified || !known || hasEnded(known.key, this.clock.now().toISOString())) {
      if (known) await this.apiKeys.pretendUnknown(presented.id);
      throw new AppError('AUTHENTICATION_REQUIRED');
    }
    const { orgId, key } = known;
    if (organizationId !== null && organizationId !== orgId) throw new AppError('NOT_FOUND');
    return {
      caller: { orgId, actorType: 'api-key', actorId: presented.id },
      role: null,
      scopes: scopes.filter((scope) => key.scopes.includes(scope)),
      sessionId: null,
      authenticatedAt: null,
    };
  }

  /** An organization that the person is no member of is like one that does not exist. */
  private async withSession(token: Redacted<string>, { organizationId }: Request): Promise<Reply> {
    const session = await this.sessions.find(token);
    if (!session) throw new AppError('AUTHENTICATION_REQUIRED');
    const { userId, sessionId, authenticatedAt } = session;
    const orgId = organizationId ?? (await this.users.personalOrganization(userId));
    if (orgId === null || !isId('org', orgId)) throw new AppError('NOT_FOUND');
    const { members } = this.organizations.peek(orgId) ?? (await this.organizations.recent(orgId));
    const role = roles.find((known) => known === members.get(userId)?.role);
    if (role === undefined) throw new AppError('NOT_FOUND');
    const caller = { orgId, actorType: 'user' as const, actorId: userId };
    return { caller, role, scopes: [], sessionId, authenticatedAt };
  }
}
