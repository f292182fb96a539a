import type { AccessEvent, SecretEvent, SecretSnapshot } from '#libs/events';
import type { Projection } from '#libs/projection';

export const SECRETS = 'secrets_v1';

/** A row of the list. It never holds a value, an envelope or a key. */
export type SecretRow = SecretSnapshot & {
  readonly orgId: string;
  /** 1 from the deletion until the keys are destroyed. */
  readonly deleted: 0 | 1;
  /** Only grows. Reads are recorded in other streams than the secret's, so it is a `latest` field. */
  readonly lastReadAt?: string | null;
};

/** Metadata of all secrets, for lists. A read of one secret folds its own stream instead. */
export const secretList = {
  name: 'secret-list',
  version: 1,
  collections: [
    {
      name: SECRETS,
      fields: {
        orgId: 'string',
        deleted: 'integer',
        name: 'string',
        description: 'string',
        tags: 'strings',
        insertedAt: 'string',
        updatedAt: 'string',
        expiresAt: 'string',
      },
      indexes: [
        ['orgId', 'deleted', 'name'],
        ['orgId', 'deleted', 'updatedAt'],
        ['orgId', 'deleted', 'insertedAt'],
      ],
      countBy: ['orgId', 'deleted'],
      latest: ['lastReadAt'],
    },
  ],
  categories: ['secret', 'access'],
  types: [
    'SecretCreated',
    'SecretUpdated',
    'SecretMetadataChanged',
    'SecretRenamed',
    'SecretDeleted',
    'SecretShredded',
    'SecretRead',
  ],
  apply: (recorded) => {
    const event = recorded as unknown as SecretEvent | AccessEvent;
    const { revision } = recorded;
    switch (event.type) {
      case 'SecretCreated':
      case 'SecretUpdated':
      case 'SecretMetadataChanged':
      case 'SecretRenamed':
      case 'SecretDeleted': {
        const deleted = event.type === 'SecretDeleted' ? 1 : 0;
        const document = { ...event.data.secret, orgId: recorded.metadata.orgId, deleted };
        return [{ kind: 'put', collection: SECRETS, document, revision }];
      }
      case 'SecretShredded':
        return [{ kind: 'remove', collection: SECRETS, id: event.data.secretId, revision }];
      case 'SecretRead':
        return [
          {
            kind: 'advance',
            collection: SECRETS,
            id: event.data.secretId,
            field: 'lastReadAt',
            to: event.data.readAt,
          },
        ];
      default:
        return [];
    }
  },
} as const satisfies Projection;
