import * as v from 'valibot';
import { callerSchema } from '../caller';
import { defineMessage } from '../message';
import { secretMetadataSchema } from './secret-metadata';

/** The fields a list can be ordered by; a leading `-` in the API means descending. */
export const secretSortFields = ['name', 'inserted_at', 'updated_at', 'expires_at'] as const;

/** Gives the organization's secrets. Fails with CONSISTENCY_TIMEOUT when the list does not reach `atLeast` in time. */
export const listSecrets = defineMessage({
  name: 'list-secrets',
  kind: 'query',
  request: v.strictObject({
    caller: callerSchema,
    /** Null: all secrets, without pages. */
    page: v.nullable(v.strictObject({ number: v.number(), size: v.number() })),
    q: v.nullable(v.string()),
    name: v.nullable(v.string()),
    tag: v.nullable(v.string()),
    sort: v.strictObject({
      field: v.picklist(secretSortFields),
      direction: v.picklist(['ascending', 'descending']),
    }),
    /** Waits until the list has reached this position of the log. */
    atLeast: v.nullable(v.string()),
  }),
  /** `total` is null when the list was not paged. */
  reply: v.strictObject({ data: v.array(secretMetadataSchema), total: v.nullable(v.number()) }),
});
