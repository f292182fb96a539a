import type { SecretEvent } from '#libs/events';
import type { Projection } from '#libs/projection';

export const INVENTORY = 'inventory_v1';

/**
 * What the command service must know about all secrets: how many an organization has, for its quota, and whose keys are
 * due for destruction. It decides nothing about names, versions or rights.
 */
export const secretInventory = {
  name: 'secret-inventory',
  version: 1,
  collections: [
    {
      name: INVENTORY,
      fields: { orgId: 'string', status: 'string', shredAfter: 'string' },
      indexes: [['status', 'shredAfter']],
      countBy: ['orgId', 'status'],
    },
  ],
  categories: ['secret'],
  types: ['SecretCreated', 'SecretDeleted', 'SecretShredStarted', 'SecretShredded'],
  apply: (recorded) => {
    const event = recorded as unknown as SecretEvent;
    const { revision } = recorded;
    const { orgId } = recorded.metadata;
    const put = (id: string, status: string, shredAfter: string | null) => [
      {
        kind: 'put' as const,
        collection: INVENTORY,
        revision,
        document: { id, orgId, status, shredAfter },
      },
    ];
    switch (event.type) {
      case 'SecretCreated':
        return put(event.data.secret.id, 'live', null);
      case 'SecretDeleted':
        return put(event.data.secret.id, 'deleted', event.data.shredAfter);
      case 'SecretShredStarted':
        return put(event.data.secretId, 'deleted', recorded.metadata.occurredAt);
      case 'SecretShredded':
        return [{ kind: 'remove', collection: INVENTORY, id: event.data.secretId, revision }];
      default:
        return [];
    }
  },
} as const satisfies Projection;
