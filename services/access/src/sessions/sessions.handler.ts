import { Controller } from '@nestjs/common';
import { listSessions, revokeSessions, signOut, type ReplyOf, type RequestOf } from '#libs/contracts';
import { AppError } from '#libs/kernel';
import { Handles, type MessageContext } from '#libs/transport';
import { Users } from '../users/users';
import { Sessions } from './sessions';
import { originOf, personOf, SignInTrail } from './sign-in-trail';

@Controller()
export class SessionsHandler {
  constructor(
    private readonly sessions: Sessions,
    private readonly trail: SignInTrail,
    private readonly users: Users,
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
    const user = await this.users.callerOf(caller);
    const ended = await this.sessions.endThose(
      user.id,
      ({ sessionId }) => (target === null ? sessionId !== own : sessionId === target),
      (sessionIds) =>
        this.trail.signedOut(personOf(user), originOf(request, context), { sessionIds, cause: 'revoked' }),
    );
    if (target !== null && ended.length === 0) throw new AppError('NOT_FOUND');
    return { ended: ended.length };
  }

  /** Ends a session. One that has already ended makes no second record. */
  @Handles(signOut)
  async signOut(request: RequestOf<typeof signOut>, context: MessageContext): Promise<Record<string, never>> {
    const session = await this.sessions.find(request.session);
    if (!session) return {};
    await this.sessions.endThose(
      session.userId,
      ({ sessionId }) => sessionId === session.sessionId,
      (sessionIds) =>
        this.trail.signedOut(session, originOf(request, context), { sessionIds, cause: 'sign-out' }),
    );
    return {};
  }
}
