import { Controller } from '@nestjs/common';
import { authenticate, type ReplyOf, type RequestOf } from '#libs/contracts';
import { AppError, isId, type Redacted } from '#libs/kernel';
import { Handles, type MessageContext } from '#libs/transport';
import { rightsOfKey, rightsOfMember } from '../organizations/actor';
import { Organizations } from '../organizations/organizations';
import { Sessions } from '../sessions/sessions';
import type { KnownKey } from './api-keys';
import { PresentedKeys } from './presented-keys';

type Request = RequestOf<typeof authenticate>;
type Reply = ReplyOf<typeof authenticate>;

@Controller()
export class AuthenticateHandler {
  constructor(
    private readonly organizations: Organizations,
    private readonly presentedKeys: PresentedKeys,
    private readonly sessions: Sessions,
  ) {}

  /**
   * Takes exactly one credential. Fails with AUTHENTICATION_REQUIRED for none or both, because the caller is then
   * unclear.
   */
  @Handles(authenticate)
  async handle(request: Request, context: MessageContext): Promise<Reply> {
    const { apiKey, session, organizationId, address, userAgent } = request;
    if (apiKey && !session) {
      const known = await this.presentedKeys.verify({ text: apiKey, address, userAgent }, context);
      return { ...grant(known, organizationId), isStale: this.organizations.isStale(known.orgId) };
    }
    if (session && !apiKey) return this.#withSession(session, organizationId);
    throw new AppError('AUTHENTICATION_REQUIRED');
  }

  /** Fails with NOT_FOUND for an organization without this person as a member, as for one that does not exist. */
  async #withSession(token: Redacted<string>, organizationId: string | null): Promise<Reply> {
    const session = await this.sessions.find(token);
    if (!session) throw new AppError('AUTHENTICATION_REQUIRED');
    const { userId, personalOrgId, sessionId, authenticatedAt } = session;
    const orgId = organizationId ?? personalOrgId;
    if (!isId('org', orgId)) throw new AppError('NOT_FOUND');
    const { members } = this.organizations.peek(orgId) ?? (await this.organizations.recent(orgId));
    const member = members.get(userId);
    if (!member) throw new AppError('NOT_FOUND');
    const caller = { orgId, actorType: 'user' as const, actorId: userId };
    const isStale = this.organizations.isStale(orgId);
    return { caller, role: rightsOfMember(member).role, scopes: [], sessionId, authenticatedAt, isStale };
  }
}

function grant({ orgId, key }: KnownKey, organizationId: string | null): Omit<Reply, 'isStale'> {
  if (organizationId !== null && organizationId !== orgId) throw new AppError('NOT_FOUND');
  return {
    caller: { orgId, actorType: 'api-key', actorId: key.keyId },
    role: null,
    scopes: [...rightsOfKey(key).scopes],
    sessionId: null,
    authenticatedAt: null,
  };
}
