import { Injectable } from '@nestjs/common';
import type { MemberView } from '#libs/contracts';
import type { Member } from '#libs/events';
import { knownRole } from '../organizations/actor';
import { Users } from '../users/users';

/** Members as people see them: what the organization knows, with the name and the address of the person. */
@Injectable()
export class MemberViews {
  constructor(private readonly users: Users) {}

  async of(members: readonly Member[]): Promise<MemberView[]> {
    const users = await this.users.findAll(members.map(({ userId }) => userId));
    return members.map(({ memberId, userId, role, joinedAt }) => ({
      id: memberId,
      user_id: userId,
      email: users.get(userId)?.email ?? null,
      name: users.get(userId)?.name ?? null,
      role: knownRole(role),
      joined_at: joinedAt,
    }));
  }

  async ofOne(member: Member): Promise<MemberView> {
    const [view] = await this.of([member]);
    if (!view) throw new Error('One member has one view');
    return view;
  }
}
