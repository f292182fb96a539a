import type { Position } from '#libs/kernel';
import {
  READ_LIMIT_MAX,
  type EventStore,
  type Expected,
  type RecordedEvent,
  type Revision,
} from './event-store';

/** The result of folding a stream. */
export interface Folded<S> {
  readonly state: S;
  /** Revision of the last event; null when the stream has no events. */
  readonly revision: Revision | null;
  readonly position: Position | null;
  /** What an append to this state must expect. The append fails when another append came first. */
  readonly expected: Expected;
  /** The state right after the events of `commandId`, when the stream holds them. It answers a repeated command. */
  readonly applied: { readonly state: S; readonly revision: Revision; readonly position: Position } | null;
}

export interface Fold<S> {
  readonly initial: S;
  readonly evolve: (state: S, event: RecordedEvent) => S;
  /** Gives the approximate size of a state in bytes. Needed only where a state can be large. */
  readonly bytesOf?: (state: S) => number;
}

/** Folds a stream into a state, from its first event or on from `before`. Fails as `read` and `evolve` do. */
// eslint-disable-next-line no-restricted-syntax -- the store, the stream, the fold and an earlier fold
export async function foldStream<S>(
  store: Pick<EventStore, 'read'>,
  { orgId, stream, commandId }: { orgId: string; stream: string; commandId?: string },
  { initial, evolve }: Fold<S>,
  before: Folded<S> = {
    state: initial,
    revision: null,
    position: null,
    expected: 'no stream',
    applied: null,
  },
): Promise<Folded<S>> {
  let folded = before;
  for (let more = true; more;) {
    const from = folded.revision === null ? '0' : String(BigInt(folded.revision) + 1n);
    const events = await store.read({ orgId, stream, from, limit: READ_LIMIT_MAX });
    for (const event of events) {
      const { revision, position, metadata } = event;
      const state = evolve(folded.state, event);
      const applied = metadata.commandId === commandId ? { state, revision, position } : folded.applied;
      folded = { state, revision, position, expected: { revision }, applied };
    }
    more = events.length === READ_LIMIT_MAX;
  }
  return folded;
}
