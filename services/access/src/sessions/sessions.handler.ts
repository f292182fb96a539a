import { Controller } from '@nestjs/common';
import { listSessions, revokeSessions, signOut, type ReplyOf, type RequestOf } from '#libs/contracts';
import { AppError } from '#libs/kernel';
import { Handles, type MessageContext } from '#libs/transport';
import { Sessions } from './sessions';
import { originOf, SignInTrail } from './sign-in-trail';

@Controller()
export class SessionsHandler {
  constructor(
    private readonly sessions: Sessions,
    private readonly trail: SignInTrail,
  ) {}

  @Handles(listSessions)
  async list({ caller, sessionId }: RequestOf<typeof listSessions>): Promise<ReplyOf<typeof listSessions>> {
    const sessions = await this.sessions.listOf(caller.actorId);
    return {
      data: sessions.map((session) => ({
        id: session.sessionId,
        current: session.sessionId === sessionId,
        created_at: session.createdAt,
        last_seen_at: session.lastSeenAt,
        expires_at: session.expiresAt,
        address: session.address,
        user_agent: session.userAgent,
      })),
    };
  }

  @Handles(revokeSessions)
  async revoke(
    request: RequestOf<typeof revokeSessions>,
    context: MessageContext,
  ): Promise<ReplyOf<typeof revokeSessions>> {
    const { caller, sessionId: own, target } = request;
    const ended = await this.sessions.endThose(caller.actorId, ({ sessionId }) =>
      target === null ? sessionId !== own : sessionId === target,
    );
    if (target !== null && ended.length === 0) throw new AppError('NOT_FOUND');
    const person = { userId: caller.actorId, personalOrgId: caller.orgId };
    if (ended.length > 0) {
      const data = { sessionIds: ended, cause: 'revoked' as const };
      await this.trail.record(person, originOf(request, context), { type: 'SignedOut', data });
    }
    return { ended: ended.length };
  }

  @Handles(signOut)
  async signOut(request: RequestOf<typeof signOut>, context: MessageContext): Promise<Record<string, never>> {
    const session = await this.sessions.find(request.session);
    if (!session) return {};
    const { userId, sessionId: own } = session;
    const sessionIds = await this.sessions.endThose(userId, ({ sessionId }) => sessionId === own);
    const data = { sessionIds, cause: 'sign-out' as const };
    await this.trail.record(session, originOf(request, context), { type: 'SignedOut', data });
    return {};
  }
}
