import { created, deleted, given, someSealed, someSecret } from '#libs/testing';
import {
  CHANGES_MAX,
  dataKeyIds,
  decideCreate,
  decideDelete,
  decideShredEnd,
  decideShredStart,
  decideUpdate,
  refuseWhenFull,
} from './secret.decider';
import { secretFold, type SecretEvent, type SecretState } from '#libs/events';

/** EventStoreDB's. */
const APPEND_BYTES_MAX = 1_048_576;
const at = '2026-11-23T11:00:00.000Z';
const changed = { ...someSecret, updatedAt: at };

describe('decideCreate', () => {
  it('makes version 1 with both times at the moment of creation', () => {
    const sealed = someSealed('key-1');
    const { id, name, description, tags, expiresAt } = someSecret;
    const input = { id, name, description, tags, expiresAt, sealed, at };
    expect(decideCreate(input)).toEqual([
      { type: 'SecretCreated', data: { secret: { ...someSecret, insertedAt: at, updatedAt: at }, sealed } },
    ]);
  });
});

describe('decideUpdate', () => {
  it('makes a new version of a new value, even an equal one', () => {
    const sealed = someSealed('key-2');
    given(created)
      .when((state) => decideUpdate(state, { sealed, at }))
      .then({ type: 'SecretUpdated', data: { secret: { ...changed, version: 2 }, sealed, reason: 'value' } });
  });

  it('changes only the metadata that is sent, and keeps the version', () => {
    given(created)
      .when((state) => decideUpdate(state, { description: 'Signs webhooks', at }))
      .then({
        type: 'SecretMetadataChanged',
        data: { secret: { ...changed, description: 'Signs webhooks' } },
      });
  });

  it('clears with null', () => {
    const described = { ...someSecret, description: 'x', expiresAt: '2030-01-01T00:00:00.000Z' };
    given(created, { type: 'SecretMetadataChanged', data: { secret: described } })
      .when((state) => decideUpdate(state, { description: null, expiresAt: null, tags: [], at }))
      .then({ type: 'SecretMetadataChanged', data: { secret: { ...changed, tags: [] } } });
  });

  it('changes nothing when everything is as asked already', () => {
    given(created)
      .when((state) => decideUpdate(state, { name: someSecret.name, tags: ['prod'], description: null, at }))
      .then();
  });

  it('renames, keeping the id and naming what it was called', () => {
    given(created)
      .when((state) => decideUpdate(state, { name: 'OTHER', at }))
      .then({
        type: 'SecretRenamed',
        data: { secret: { ...changed, name: 'OTHER' }, previousName: 'STRIPE_WEBHOOK_SECRET' },
      });
  });

  it('tells name, metadata and value apart, each event carrying the whole metadata so far', () => {
    const sealed = someSealed('key-2');
    const renamed = { ...changed, name: 'OTHER' };
    given(created)
      .when((state) => decideUpdate(state, { name: 'OTHER', tags: ['a'], sealed, at }))
      .then(
        { type: 'SecretRenamed', data: { secret: renamed, previousName: 'STRIPE_WEBHOOK_SECRET' } },
        { type: 'SecretMetadataChanged', data: { secret: { ...renamed, tags: ['a'] } } },
        {
          type: 'SecretUpdated',
          data: { secret: { ...renamed, tags: ['a'], version: 2 }, sealed, reason: 'value' },
        },
      );
  });

  it.each([
    ['never existed', []],
    ['is deleted', [created, deleted]],
    [
      'was fenced off before it existed',
      [{ type: 'SecretCreationAbandoned' as const, data: { secretId: 'x' } }],
    ],
  ])('refuses a secret that %s', (_, past) => {
    given(...past)
      .when((state) => decideUpdate(state, { description: 'x', at }))
      .thenFails('NOT_FOUND');
  });
});

describe('decideDelete', () => {
  it('deletes once', () => {
    const times = { at: '2026-11-23T12:00:00.000Z', shredAfter: '2026-11-30T12:00:00.000Z' };
    given(created)
      .when((state) => decideDelete(state, times))
      .then(deleted);
    given(created, deleted)
      .when((state) => decideDelete(state, times))
      .thenFails('NOT_FOUND');
  });
});

describe('refuseWhenFull', () => {
  const changes = (count: number) =>
    Array.from({ length: count }, (): SecretEvent => ({
      type: 'SecretMetadataChanged',
      data: { secret: someSecret },
    }));
  const refused = (state: SecretState) => {
    refuseWhenFull(state);
    return [];
  };

  it('lets nobody change a secret without an end', () => {
    given(created, ...changes(CHANGES_MAX - 2))
      .when(refused)
      .then();
    given(created, ...changes(CHANGES_MAX - 1))
      .when(refused)
      .thenFails('QUOTA_EXCEEDED');
  });
});

describe('decideShredStart and decideShredEnd', () => {
  const keys = { secretId: someSecret.id, dataKeyIds: ['key-1', 'key-2'] };
  const updated = {
    type: 'SecretUpdated' as const,
    data: { secret: { ...someSecret, version: 2 }, sealed: someSealed('key-2'), reason: 'value' as const },
  };
  const started = { type: 'SecretShredStarted' as const, data: keys };
  const shredded = { type: 'SecretShredded' as const, data: keys };

  it('names the keys of every version, once', () => {
    given(created, updated, deleted).when(decideShredStart).then(started);
    given(created, updated, deleted, started).when(decideShredStart).then();
    given(created, updated, deleted, started).when(decideShredEnd).then(shredded);
    given(created, updated, deleted, started, shredded).when(decideShredEnd).then();
  });

  it('names all keys that a secret can have in one event', () => {
    const ids = Array.from({ length: CHANGES_MAX }, (_, index) => String(index).padStart(32, '0'));
    const versions = ids.map((dataKeyId) => ({ version: 1, dataKeyId, insertedAt: '', actorId: '', at: 0 }));
    const state: SecretState = {
      ...{ status: 'deleted', secret: someSecret, sealed: someSealed('key-1'), shredAfter: '' },
      ...{ versions, changes: CHANGES_MAX },
    };
    expect(JSON.stringify(decideShredStart(state)).length).toBeLessThan(APPEND_BYTES_MAX);
  });

  it('never touches a secret that is alive', () => {
    given(created).when(decideShredStart).then();
    given(created).when(decideShredEnd).then();
  });

  it('lists the data keys of a folded secret', () => {
    const metadata = { actorId: 'key_test' };
    expect(dataKeyIds(secretFold.evolve(secretFold.initial, { ...created, metadata }))).toEqual(['key-1']);
  });
});
