import type { SealedValue, SecretEvent, SecretSnapshot } from '#libs/events';

/** An example secret. A test changes only the fields that it is about. */
export const someSecret: SecretSnapshot = {
  id: 'sec_01jd9x7k2m4n6p8q0r2s4t6v8w',
  name: 'STRIPE_WEBHOOK_SECRET',
  description: null,
  tags: ['prod'],
  version: 1,
  insertedAt: '2026-11-23T10:00:00.000Z',
  updatedAt: '2026-11-23T10:00:00.000Z',
  expiresAt: null,
};

export const someSealed = (dataKeyId: string): SealedValue => ({ envelope: 'U1YBAQ==', dataKeyId });

export const created: SecretEvent = {
  type: 'SecretCreated',
  data: { secret: someSecret, sealed: someSealed('key-1') },
};

export const deleted: SecretEvent = {
  type: 'SecretDeleted',
  data: { secret: someSecret, deletedAt: '2026-11-23T12:00:00.000Z', shredAfter: '2026-11-30T12:00:00.000Z' },
};
