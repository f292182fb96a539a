import type { OrganizationEvent } from '#libs/events';
import type { Projection } from '#libs/projection';

export const MEMBER_INDEX_COLLECTION = 'member_index_v1';

/** Finds the organizations of a person. It gives no rights: those come from the organization's stream. */
export const memberIndex = {
  name: 'member-index',
  version: 1,
  collections: [
    {
      name: MEMBER_INDEX_COLLECTION,
      fields: { userId: 'string', orgId: 'string', joinedAt: 'string' },
      indexes: [['userId', 'joinedAt']],
      countBy: ['userId'],
    },
  ],
  categories: ['organization'],
  types: ['MemberJoined', 'MemberRemoved'],
  apply: (recorded) => {
    const event = recorded as unknown as OrganizationEvent;
    const { revision } = recorded;
    const collection = MEMBER_INDEX_COLLECTION;
    switch (event.type) {
      case 'MemberJoined': {
        const { memberId, userId, joinedAt } = event.data;
        const document = { id: memberId, userId, orgId: recorded.metadata.orgId, joinedAt };
        return [{ kind: 'put', collection, document, revision }];
      }
      case 'MemberRemoved':
        return [{ kind: 'remove', collection, id: event.data.memberId, revision }];
      default:
        return [];
    }
  },
} as const satisfies Projection;
