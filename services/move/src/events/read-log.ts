import type { EventStore, RecordedEvent } from '#libs/event-store';
import { withDeadline } from '#libs/kernel';

/** An event store that gives no batch for so long counts as unavailable. */
const SILENCE_MS_MAX = 30_000;

/** Gives all events of a log without the engine's own, up to its current end. Fails with STORE_UNAVAILABLE. */
export async function* readLog(events: EventStore): AsyncGenerator<RecordedEvent> {
  const ending = new AbortController();
  const subscription = { after: null, categories: [], types: [], signal: ending.signal };
  const batches = events.subscribe(subscription)[Symbol.asyncIterator]();
  try {
    for (;;) {
      const next = await withDeadline(batches.next(), SILENCE_MS_MAX, 'STORE_UNAVAILABLE');
      if (next.done) return;
      yield* next.value.events;
      if (next.value.caughtUp) return;
    }
  } finally {
    ending.abort();
  }
}
