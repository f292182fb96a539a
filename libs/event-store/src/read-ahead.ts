import type { Batch } from './event-store';

export interface ReadAhead {
  /** Called with each batch as soon as it was read. */
  readonly arrived: (batch: Batch) => void;
  /** Called with true when so many events wait that reading stops, and with false when reading goes on. */
  readonly halted: (isHalted: boolean) => void;
}

/** Reading stops when this many events wait for the consumer. */
const WAITING_MAX = 2_000;

/**
 * Reads a subscription ahead of its consumer. All events that arrive while the consumer is busy reach it in one batch.
 * Ends or fails as the subscription does. When the consumer leaves, the caller must end the subscription.
 */
export async function* readAhead(
  batches: AsyncIterable<Batch>,
  { arrived, halted }: ReadAhead,
): AsyncGenerator<Batch> {
  const state: { waiting?: Batch | undefined; isOver: boolean } = { isOver: false };
  let wakeConsumer: () => void = () => undefined;
  let wakeReader: () => void = () => undefined;

  const reading = (async () => {
    for await (const batch of batches) {
      arrived(batch);
      const events = [...(state.waiting?.events ?? []), ...batch.events];
      state.waiting = { ...batch, events };
      wakeConsumer();
      if (events.length < WAITING_MAX) continue;
      halted(true);
      await new Promise<void>((resolve) => (wakeReader = resolve));
      halted(false);
    }
  })().finally(() => {
    state.isOver = true;
    wakeConsumer();
  });
  // The consumer gets the error with its next call. Without this line it would end the process as unhandled.
  reading.catch(() => undefined);

  try {
    for (;;) {
      const taken = state.waiting;
      state.waiting = undefined;
      wakeReader();
      if (taken) yield taken;
      else if (state.isOver) return await reading;
      else await new Promise<void>((resolve) => (wakeConsumer = resolve));
    }
  } finally {
    wakeReader();
  }
}
