import { Injectable } from '@nestjs/common';
import type { Caller, MeView } from '#libs/contracts';
import { AppError } from '#libs/kernel';
import { Identities } from '../oidc/identities';
import { Passwords } from '../passwords/passwords';
import { RecoveryCodes } from '../second-factors/recovery-codes';
import { Totp } from '../second-factors/totp';
import { Users, type User } from './users';

/** People as they see themselves. */
@Injectable()
export class MeViews {
  constructor(
    private readonly identities: Identities,
    private readonly passwords: Passwords,
    private readonly recoveryCodes: RecoveryCodes,
    private readonly totp: Totp,
    private readonly users: Users,
  ) {}

  /** The person who calls. Fails with NOT_FOUND for who was erased a moment ago, FORBIDDEN for a key. */
  async callerOf({ actorType, actorId }: Caller): Promise<User> {
    if (actorType !== 'user') throw new AppError('FORBIDDEN');
    const user = await this.users.find(actorId);
    if (!user) throw new AppError('NOT_FOUND');
    return user;
  }

  async of(user: User): Promise<MeView> {
    return {
      id: user.id,
      email: user.email,
      name: user.name,
      created_at: user.createdAt,
      personal_organization_id: user.personalOrgId,
      has_password: await this.passwords.has(user),
      has_oidc: await this.identities.has(user),
      totp_enabled: await this.totp.isEnabled(user.id),
      recovery_codes_left: await this.recoveryCodes.left(user.id),
    };
  }
}
