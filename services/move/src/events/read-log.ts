import type { EventStore, RecordedEvent } from '#libs/event-store';
import { withDeadline } from '#libs/kernel';

/** A log that gives nothing for so long is away. */
const SILENCE_MS_MAX = 30_000;

/** The events of a log from its beginning to what is its end when it is reached, system events left out. */
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
