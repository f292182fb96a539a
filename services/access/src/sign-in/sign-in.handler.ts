import { Controller } from '@nestjs/common';
import { signIn, type ReplyOf, type RequestOf } from '#libs/contracts';
import { Handles, type MessageContext } from '#libs/transport';
import { Passwords } from '../passwords/passwords';
import { originOf } from '../sessions/sign-in-trail';
import { canonicalEmail } from '../users/canonical-email';
import { Users } from '../users/users';
import { NewSessions } from './new-sessions';
import { Proofs } from './proofs';

@Controller()
export class SignInHandler {
  constructor(
    private readonly newSessions: NewSessions,
    private readonly passwords: Passwords,
    private readonly proofs: Proofs,
    private readonly users: Users,
  ) {}

  @Handles(signIn)
  async handle(request: RequestOf<typeof signIn>, context: MessageContext): Promise<ReplyOf<typeof signIn>> {
    // This comes first, because under a flood a refusal must cost almost nothing.
    this.passwords.assertRoom();
    const origin = originOf(request, context);
    const email = canonicalEmail(request.email);
    const user = await this.users.findByEmail(email);
    const holds = await this.passwords.watch(user);
    const subject = { kind: 'sign-in', id: email } as const;
    const secondFactor = await this.proofs.demand(user, subject, { proof: request, origin });
    // `demand` fails without a user, so this cannot happen.
    if (!user) throw new Error('A proof without a person');
    return this.newSessions.start(user, origin, { method: 'password', secondFactor, holds });
  }
}
