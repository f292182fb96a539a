import { Controller, Inject } from '@nestjs/common';
import { reauthenticate, type ReplyOf, type RequestOf } from '#libs/contracts';
import type { Clock } from '#libs/kernel';
import { Handles, type MessageContext } from '#libs/transport';
import { Passwords } from '../passwords/passwords';
import { Sessions } from '../sessions/sessions';
import { originOf, personOf, SignInTrail } from '../sessions/sign-in-trail';
import { CLOCK } from '../tokens';
import { Users } from '../users/users';
import { Proofs } from './proofs';

@Controller()
export class ReauthenticateHandler {
  constructor(
    @Inject(CLOCK) private readonly clock: Clock,
    private readonly passwords: Passwords,
    private readonly proofs: Proofs,
    private readonly sessions: Sessions,
    private readonly trail: SignInTrail,
    private readonly users: Users,
  ) {}

  /**
   * Counts failures apart from those of signing in, so that guesses from outside cannot lock out a person who is signed
   * in.
   */
  @Handles(reauthenticate)
  async handle(
    request: RequestOf<typeof reauthenticate>,
    context: MessageContext,
  ): Promise<ReplyOf<typeof reauthenticate>> {
    const { caller, sessionId } = request;
    const user = await this.users.callerOf(caller);
    const origin = originOf(request, context);
    const holds = await this.passwords.watch(user);
    const subject = { kind: 'session', id: user.id } as const;
    const secondFactor = await this.proofs.demand(user, subject, { proof: request, origin });
    const data = { sessionId, method: 'password' as const, secondFactor };
    await this.trail.record(personOf(user), origin, { type: 'SignedIn', data });
    const authenticatedAt = this.clock.now().toISOString();
    return this.sessions.renew(user.id, sessionId, { authenticatedAt, holds });
  }
}
