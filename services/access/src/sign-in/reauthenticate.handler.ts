import { Controller } from '@nestjs/common';
import { reauthenticate, type ReplyOf, type RequestOf } from '#libs/contracts';
import { Handles, type MessageContext } from '#libs/transport';
import { Passwords } from '../passwords/passwords';
import { Sessions } from '../sessions/sessions';
import { originOf, SignInTrail } from '../sessions/sign-in-trail';
import { MeViews } from '../users/me-views';
import { Proofs } from './proofs';

@Controller()
export class ReauthenticateHandler {
  constructor(
    private readonly passwords: Passwords,
    private readonly proofs: Proofs,
    private readonly sessions: Sessions,
    private readonly trail: SignInTrail,
    private readonly views: MeViews,
  ) {}

  /** Failures here are counted apart: who guesses from outside cannot lock out a person who is in. */
  @Handles(reauthenticate)
  async handle(
    request: RequestOf<typeof reauthenticate>,
    context: MessageContext,
  ): Promise<ReplyOf<typeof reauthenticate>> {
    const { caller, sessionId } = request;
    const user = await this.views.callerOf(caller);
    const origin = originOf(request, context);
    const holds = await this.passwords.watch(user);
    const subject = { kind: 'session', id: user.id } as const;
    const secondFactor = await this.proofs.demand(user, subject, { proof: request, origin });
    const person = { userId: user.id, personalOrgId: user.personalOrgId };
    const data = { sessionId, method: 'password' as const, secondFactor };
    await this.trail.record(person, origin, { type: 'SignedIn', data });
    return this.sessions.renew(user.id, sessionId, { holds });
  }
}
