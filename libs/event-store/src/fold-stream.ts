import {
  READ_LIMIT_MAX,
  type EventStore,
  type Expected,
  type Position,
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

/** How events become a state. */
export interface Fold<S> {
  readonly initial: S;
  readonly evolve: (state: S, event: RecordedEvent) => S;
}

interface FoldedStream<S> {
  readonly orgId: string;
  readonly stream: string;
  /** The command whose events are looked for. */
  readonly commandId?: string;
  /** What is known already; only what came afterwards is read. */
  readonly after?: Folded<S> | undefined;
}

/** Reads a stream from its first event, or the first that is not known, to its last and folds it into a state. */
export async function foldStream<S>(
  store: Pick<EventStore, 'read'>,
  { orgId, stream, commandId, after }: FoldedStream<S>,
  { initial, evolve }: Fold<S>,
): Promise<Folded<S>> {
  let folded: Folded<S> = after ?? {
    state: initial,
    revision: null,
    position: null,
    expected: 'no stream',
    applied: null,
  };
  for (let from = following(folded.revision), more = true; more;) {
    const events = await store.read({ orgId, stream, from, limit: READ_LIMIT_MAX });
    for (const event of events) {
      const { revision, position, metadata } = event;
      const state = evolve(folded.state, event);
      const applied = metadata.commandId === commandId ? { state, revision, position } : folded.applied;
      folded = { state, revision, position, expected: { revision }, applied };
    }
    from = following(folded.revision);
    more = events.length === READ_LIMIT_MAX;
  }
  return folded;
}

function following(revision: Revision | null): Revision {
  return revision === null ? '0' : String(BigInt(revision) + 1n);
}
