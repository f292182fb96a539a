import { Injectable } from '@nestjs/common';
import { Invitations } from '../members/invitations';
import { Identities } from '../oidc/identities';
import { Passwords } from '../passwords/passwords';
import { SecondFactors } from '../second-factors/second-factors';
import { Sessions } from '../sessions/sessions';
import { Users } from '../users/users';

/** Erases all records that name a person or let the person sign in. */
@Injectable()
export class PersonalRecords {
  constructor(
    private readonly identities: Identities,
    private readonly invitations: Invitations,
    private readonly passwords: Passwords,
    private readonly secondFactors: SecondFactors,
    private readonly sessions: Sessions,
    private readonly users: Users,
  ) {}

  /** Tells whether no erasure of these records has begun. */
  async areWhole(userId: string): Promise<boolean> {
    const user = await this.users.find(userId);
    return user !== null && this.users.isThere(user);
  }

  /**
   * Erases the records; may be repeated. The address is given up first, because everybody who writes a record of the
   * person checks it afterwards. The user record is removed last, because it holds the ids of the other records.
   */
  async erase(userId: string): Promise<void> {
    const user = await this.users.find(userId);
    if (!user) return;
    await this.users.giveUpEmail(user);
    await this.sessions.endThose(userId, () => true);
    await this.secondFactors.removeAll(userId);
    await this.passwords.remove(user.credentialsId);
    await this.identities.remove(user.credentialsId);
    await this.invitations.eraseAllTo(user.emailCanonical);
    await this.users.remove(userId);
  }
}
