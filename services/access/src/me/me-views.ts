import { Injectable } from '@nestjs/common';
import type { MeView } from '#libs/contracts';
import { Identities } from '../oidc/identities';
import { Passwords } from '../passwords/passwords';
import { RecoveryCodes } from '../second-factors/recovery-codes';
import { Totp } from '../second-factors/totp';
import type { User } from '../users/users';

/** Builds the view of a person that the person gets. */
@Injectable()
export class MeViews {
  constructor(
    private readonly identities: Identities,
    private readonly passwords: Passwords,
    private readonly recoveryCodes: RecoveryCodes,
    private readonly totp: Totp,
  ) {}

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
