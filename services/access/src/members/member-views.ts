import { Injectable } from '@nestjs/common';
import type { MemberView } from '#libs/contracts';
import type { Member } from '#libs/events';
import { knownRole } from '../organizations/actor';
import { Users, type User } from '../users/users';

/** Builds the views of members: the organization's data, with the name and the address of the person. */
@Injectable()
export class MemberViews {
  constructor(private readonly users: Users) {}

  async of(members: readonly Member[]): Promise<MemberView[]> {
    const users = await this.users.findAll(members.map(({ userId }) => userId));
    return members.map((member) => withUser(namelessView(member), users.get(member.userId)));
  }

  /** Adds the name and the address that the person has now. */
  async named(view: MemberView): Promise<MemberView> {
    return withUser(view, await this.users.find(view.user_id));
  }
}

/** Gives a member without name and address. This view may be stored. */
export function namelessView({ memberId, userId, role, joinedAt }: Member): MemberView {
  return {
    id: memberId,
    user_id: userId,
    email: null,
    name: null,
    role: knownRole(role),
    joined_at: joinedAt,
  };
}

function withUser(view: MemberView, user: User | null | undefined): MemberView {
  return { ...view, email: user?.email ?? null, name: user?.name ?? null };
}
