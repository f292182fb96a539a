import type { SealedValue, SecretEvent, SecretSnapshot, SecretState } from '#libs/events';
import { AppError } from '#libs/kernel';

export interface NewSecret {
  readonly id: string;
  readonly name: string;
  readonly description: string | null;
  readonly tags: readonly string[];
  readonly expiresAt: string | null;
  readonly sealed: SealedValue;
  /** ISO 8601, UTC. */
  readonly at: string;
}

/** Decides a new secret. The append tells whether its id is new, and the claim whether its name is free. */
export function decideCreate({ sealed, at, ...secret }: NewSecret): SecretEvent[] {
  const snapshot = { ...secret, version: 1, insertedAt: at, updatedAt: at };
  return [{ type: 'SecretCreated', data: { secret: snapshot, sealed } }];
}

export interface SecretChange {
  readonly name?: string | undefined;
  readonly description?: string | null | undefined;
  readonly tags?: readonly string[] | undefined;
  readonly expiresAt?: string | null | undefined;
  readonly sealed?: SealedValue | undefined;
  readonly at: string;
}

/**
 * Every change stays in the secret's stream. The stream is read whole now and then, and one event names all its data
 * keys when they are destroyed. Hourly changes reach this limit after a year.
 */
export const CHANGES_MAX = 10_000;

/** Fails with QUOTA_EXCEEDED. Call it before anything is made for a change. */
export function refuseWhenFull(state: SecretState): void {
  if ('changes' in state && state.changes >= CHANGES_MAX) {
    const safeMessage = `This secret has been changed ${CHANGES_MAX.toLocaleString('en')} times, which is all it takes; create another in its place`;
    throw new AppError('QUOTA_EXCEEDED', { safeMessage });
  }
}

/** Gives one event for each kind of change; none when nothing changes. */
export function decideUpdate(state: SecretState, change: SecretChange): SecretEvent[] {
  const before = live(state);
  const events: SecretEvent[] = [];
  let secret = before;
  if (change.name !== undefined && change.name !== before.name) {
    secret = { ...secret, name: change.name, updatedAt: change.at };
    events.push({ type: 'SecretRenamed', data: { secret, previousName: before.name } });
  }
  const described = withMetadata(secret, change);
  if (described !== secret) {
    secret = described;
    events.push({ type: 'SecretMetadataChanged', data: { secret } });
  }
  if (change.sealed !== undefined) {
    secret = { ...secret, version: before.version + 1, updatedAt: change.at };
    events.push({ type: 'SecretUpdated', data: { secret, sealed: change.sealed, reason: 'value' } });
  }
  return events;
}

/** Readers no longer find the secret from here on. Its keys stay until `shredAfter`. */
export function decideDelete(
  state: SecretState,
  { at, shredAfter }: { at: string; shredAfter: string },
): SecretEvent[] {
  return [{ type: 'SecretDeleted', data: { secret: live(state), deletedAt: at, shredAfter } }];
}

/** Begins the destruction of a deleted secret's keys. Gives no event in any other state. */
export function decideShredStart(state: SecretState): SecretEvent[] {
  if (state.status !== 'deleted') return [];
  return [{ type: 'SecretShredStarted', data: { secretId: state.secret.id, dataKeyIds: dataKeyIds(state) } }];
}

/** Ends the destruction. Append the event once the keys are destroyed. */
export function decideShredEnd(state: SecretState): SecretEvent[] {
  if (state.status !== 'shredding') return [];
  return [{ type: 'SecretShredded', data: { secretId: state.secret.id, dataKeyIds: dataKeyIds(state) } }];
}

/** The data keys of every version of a secret. */
export function dataKeyIds(state: SecretState): string[] {
  return 'versions' in state ? state.versions.map(({ dataKeyId }) => dataKeyId) : [];
}

/**
 * Gives the events that must be in a secret's stream before a data key of one of its versions may be destroyed; null
 * when an event names the key. The command that made the key appends at the revision it had read, when the secret had
 * the version before (or did not exist). If the stream may still be at that revision, one more event makes the late
 * append fail, however long its process slept (ADR 5).
 */
export function decideOrphan(
  state: SecretState,
  key: { readonly id: string; readonly secretId: string; readonly version: number },
): SecretEvent[] | null {
  if (dataKeyIds(state).includes(key.id)) return null;
  if (state.status === 'absent')
    return [{ type: 'SecretCreationAbandoned', data: { secretId: key.secretId } }];
  if (state.status !== 'live' || state.secret.version >= key.version) return [];
  return [{ type: 'SecretMetadataChanged', data: { secret: state.secret } }];
}

function live(state: SecretState): SecretSnapshot {
  if (state.status !== 'live') throw new AppError('NOT_FOUND');
  return state.secret;
}

function withMetadata(secret: SecretSnapshot, change: SecretChange): SecretSnapshot {
  const { description = secret.description, tags = secret.tags, expiresAt = secret.expiresAt } = change;
  const unchanged =
    description === secret.description &&
    expiresAt === secret.expiresAt &&
    tags.length === secret.tags.length &&
    tags.every((tag, index) => tag === secret.tags[index]);
  return unchanged ? secret : { ...secret, description, tags, expiresAt, updatedAt: change.at };
}
