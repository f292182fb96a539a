import type { SealedValue, SecretEvent, SecretSnapshot } from './secret.events';

export interface SecretVersion {
  readonly version: number;
  readonly dataKeyId: string;
  readonly insertedAt: string;
  readonly actorId: string;
  /** The revision of the event that holds the envelope: how many events come before it in the stream. */
  readonly at: number;
}

interface Known {
  readonly secret: SecretSnapshot;
  /** Oldest first. */
  readonly versions: readonly SecretVersion[];
  /** The current value. Earlier values stay in their events, so that a state does not grow with every large value. */
  readonly sealed: SealedValue;
  /** The number of events so far. */
  readonly changes: number;
}

/** The state of a secret, from its stream. `abandoned`: its creation was ended before it was complete (ADR 4). */
export type SecretState =
  | { readonly status: 'absent' | 'abandoned' }
  | (Known & { readonly status: 'live' })
  | (Known & { readonly status: 'deleted' | 'shredding' | 'shredded'; readonly shredAfter: string });

export type LiveSecret = Extract<SecretState, { status: 'live' }>;

/**
 * True when the secret is live and `ref` is its id or its name. Ask this of every secret that was found by a name: a
 * command that fails after its claim leaves a claim on a name that no secret has (ADR 4).
 */
export function isLiveAs(state: SecretState, ref: string): state is LiveSecret {
  return state.status === 'live' && (state.secret.name === ref || state.secret.id === ref);
}

export const noSecret: SecretState = { status: 'absent' };

/** An event as the log returns it. Tests with the golden files show that the cast in `evolveSecret` is right. */
interface Recorded {
  readonly type: string;
  readonly data: unknown;
  readonly metadata: { readonly actorId: string };
}

/**
 * Applies one recorded event. Throws for an unknown type and for an event that cannot follow the state: no decision may
 * rest on half a history.
 */
export function evolveSecret(state: SecretState, recorded: Recorded): SecretState {
  const event = recorded as unknown as SecretEvent;
  const { actorId } = recorded.metadata;
  switch (event.type) {
    case 'SecretCreated':
      return { status: 'live', ...withValue({ versions: [], changes: 0 }, event.data, actorId) };
    case 'SecretUpdated':
      return { status: 'live', ...withValue(known(state), event.data, actorId) };
    case 'SecretMetadataChanged':
    case 'SecretRenamed':
      return { status: 'live', ...after(known(state), event.data.secret) };
    case 'SecretDeleted': {
      const { secret, shredAfter } = event.data;
      return { status: 'deleted', ...after(known(state), secret), shredAfter };
    }
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

/** The approximate size of one version in a state. */
const VERSION_BYTES = 200;

/** The approximate size of what can be large in a state. */
function bytesOf(state: SecretState): number {
  if (!('secret' in state)) return 0;
  const { secret, versions, sealed } = state;
  const tags = secret.tags.reduce((length, tag) => length + tag.length, 0);
  return versions.length * VERSION_BYTES + sealed.envelope.length + (secret.description?.length ?? 0) + tags;
}

function withValue(
  { versions, changes }: Pick<Known, 'versions' | 'changes'>,
  { secret, sealed }: { secret: SecretSnapshot; sealed: SealedValue },
  actorId: string,
): Known {
  const { dataKeyId } = sealed;
  const added = { version: secret.version, dataKeyId, insertedAt: secret.updatedAt, actorId, at: changes };
  return { secret, versions: [...versions, added], sealed, changes: changes + 1 };
}

function after({ versions, sealed, changes }: Known, secret: SecretSnapshot): Known {
  return { secret, versions, sealed, changes: changes + 1 };
}

function known(state: SecretState): Known {
  if (!('secret' in state)) throw new Error(`A secret that is ${state.status} cannot change`);
  return state;
}

function deleted(state: SecretState): Known & { shredAfter: string } {
  if (!('shredAfter' in state)) throw new Error(`A secret that is ${state.status} cannot be shredded`);
  return state;
}
