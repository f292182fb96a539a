import type { OrganizationEvent } from '#libs/events';
import type { Projection } from '#libs/projection';

export const API_KEY_INDEX_COLLECTION = 'api_key_index_v1';

/** Finds the organization of an API key. It gives no rights: those come from the organization's stream. */
export const apiKeyIndex = {
  name: 'api-key-index',
  version: 1,
  collections: [{ name: API_KEY_INDEX_COLLECTION, fields: { orgId: 'string' }, indexes: [] }],
  categories: ['organization'],
  types: ['ApiKeyIssued'],
  apply: (recorded) => {
    const event = recorded as unknown as OrganizationEvent;
    if (event.type !== 'ApiKeyIssued') return [];
    const document = { id: event.data.keyId, orgId: recorded.metadata.orgId };
    return [{ kind: 'put', collection: API_KEY_INDEX_COLLECTION, document, revision: recorded.revision }];
  },
} as const satisfies Projection;
