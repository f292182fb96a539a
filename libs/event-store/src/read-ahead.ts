import type { Batch } from './event-store';

export interface ReadAhead {
  /** Hears each batch as soon as it is there. */
  readonly arrived: (batch: Batch) => void;
  /** So many events wait that nothing more is read until the consumer takes them, or no longer so many. */
  readonly halted: (isHalted: boolean) => void;
}

/** Events that wait for the consumer. */
const WAITING_MAX = 2_000;

/**
 * Reads a subscription ahead of its consumer, who gets in one batch whatever came while it was busy. Settles like the
 * subscription, which must end by itself once the consumer leaves.
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
  // The consumer hears of it when it asks.
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
