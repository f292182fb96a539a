import type { SealedValue, SecretEvent, SecretSnapshot } from './secret.events';

export interface SecretVersion {
  readonly version: number;
  readonly sealed: SealedValue;
  readonly insertedAt: string;
  readonly actorId: string;
}

interface Known {
  readonly secret: SecretSnapshot;
  /** Oldest first. */
  readonly versions: readonly SecretVersion[];
}

/** What a secret's own stream says. `abandoned`: fenced off before it ever existed. */
export type SecretState =
  | { readonly status: 'absent' | 'abandoned' }
  | (Known & { readonly status: 'live' })
  | (Known & { readonly status: 'deleted' | 'shredding' | 'shredded'; readonly shredAfter: string });

export const noSecret: SecretState = { status: 'absent' };

/** An event as the log gives it back. The golden files keep the cast in `evolveSecret` honest. */
interface Recorded {
  readonly type: string;
  readonly data: unknown;
  readonly metadata: { readonly actorId: string };
}

/**
 * Applies one recorded event. An unknown type or an event that cannot follow the state is fatal: a
 * decision must never rest on half a history.
 */
export function evolveSecret(state: SecretState, recorded: Recorded): SecretState {
  const event = recorded as unknown as SecretEvent;
  const { actorId } = recorded.metadata;
  switch (event.type) {
    case 'SecretCreated':
      return { status: 'live', secret: event.data.secret, versions: [versionOf(event.data, actorId)] };
    case 'SecretUpdated': {
      const versions = [...known(state).versions, versionOf(event.data, actorId)];
      return { status: 'live', secret: event.data.secret, versions };
    }
    case 'SecretMetadataChanged':
    case 'SecretRenamed':
      return { status: 'live', secret: event.data.secret, versions: known(state).versions };
    case 'SecretDeleted':
      return {
        ...known(state),
        status: 'deleted',
        secret: event.data.secret,
        shredAfter: event.data.shredAfter,
      };
    case 'SecretShredStarted':
      return { ...deleted(state), status: 'shredding' };
    case 'SecretShredded':
      return { ...deleted(state), status: 'shredded' };
    case 'SecretCreationAbandoned':
      return { status: 'abandoned' };
    default:
      throw new Error(`No fold for the event type ${recorded.type}`);
  }
}

/** How a secret's stream becomes its state. */
export const secretFold = { initial: noSecret, evolve: evolveSecret, bytesOf };

/** What a state keeps of an event can be large: a value, a description, tags. */
function bytesOf({ data }: Pick<Recorded, 'data'>): number {
  const { secret, sealed } = data as { secret?: SecretSnapshot; sealed?: SealedValue };
  const tags = secret?.tags.reduce((length, tag) => length + tag.length, 0) ?? 0;
  return tags + (secret?.description?.length ?? 0) + (sealed?.envelope.length ?? 0);
}

function versionOf(data: { secret: SecretSnapshot; sealed: SealedValue }, actorId: string): SecretVersion {
  return { version: data.secret.version, sealed: data.sealed, insertedAt: data.secret.updatedAt, actorId };
}

function known(state: SecretState): Known {
  if (!('secret' in state)) throw new Error(`A secret that is ${state.status} cannot change`);
  return { secret: state.secret, versions: state.versions };
}

function deleted(state: SecretState): Known & { shredAfter: string } {
  if (!('shredAfter' in state)) throw new Error(`A secret that is ${state.status} cannot be shredded`);
  return state;
}
