import type { Position } from '#libs/kernel';
import {
  READ_LIMIT_MAX,
  type EventStore,
  type Expected,
  type RecordedEvent,
  type Revision,
} from './event-store';

/** What a stream says: the state after its last event, and what to expect when appending to it. */
export interface Folded<S> {
  readonly state: S;
  /** Of the last event; null when there is none. */
  readonly revision: Revision | null;
  readonly position: Position | null;
  /** The stream as it was read: an append that expects this fails when somebody else came first. */
  readonly expected: Expected;
  /** Where the events of `commandId` ended, when they are in the stream: the answer to a retry. */
  readonly applied: { readonly state: S; readonly revision: Revision; readonly position: Position } | null;
}

export interface Fold<S> {
  readonly initial: S;
  readonly evolve: (state: S, event: RecordedEvent) => S;
  /** Where a state can be large: its bytes, roughly. */
  readonly bytesOf?: (state: S) => number;
}

/** Reads a stream from its first event, or goes on from an earlier fold of it, to its last and folds it into a state. */
// eslint-disable-next-line no-restricted-syntax -- where from, which stream, how, and since when
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
