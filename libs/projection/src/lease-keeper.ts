import { setTimeout as delay } from 'node:timers/promises';
import type { ReadStore } from '#libs/read-store';

/**
 * A process that stops without a word is replaced after this long, and a start after it takes as long. One that is
 * merely slow may lose its lease, too: that costs a new term, and nothing else, for the fence guards the writes.
 */
const LEASE_MS = 3_000;
const RENEW_MS = LEASE_MS / 3;
/** Whoever stands by looks more often than the holder renews: the wait for its end should not be rounded up. */
const STAND_BY_MS = 250;

interface Lease {
  readonly name: string;
  readonly holder: string;
  readonly signal: AbortSignal;
  /** Somebody else holds the lease, for now. */
  readonly standBy?: () => void;
}

/**
 * Runs `work` while this process holds the lease `name`; others stand by. `work` gets the fence that its
 * writes must carry, and a signal that ends it when the lease is lost. Settles like `work`.
 */
export async function whileLeased(
  reads: ReadStore,
  lease: Lease,
  work: (fence: number, signal: AbortSignal) => Promise<void>,
): Promise<void> {
  const { name, holder, signal } = lease;
  const fence = await acquire(reads, lease);
  if (fence === null) return;
  const lost = new AbortController();
  const renewing = setInterval(() => {
    // A renewal that fails is not a lost lease: the next one may succeed, and the fence guards the writes.
    void reads.acquireLease(name, holder, LEASE_MS).then(
      (renewed) => renewed !== fence && lost.abort(),
      () => undefined,
    );
  }, RENEW_MS);
  try {
    await work(fence, AbortSignal.any([signal, lost.signal]));
  } finally {
    clearInterval(renewing);
    await reads.releaseLease(name, holder).catch(() => undefined);
  }
}

/** Waits its turn. Null when aborted. */
async function acquire(reads: ReadStore, { name, holder, signal, standBy }: Lease): Promise<number | null> {
  while (!signal.aborted) {
    const fence = await reads.acquireLease(name, holder, LEASE_MS);
    if (fence !== null) return fence;
    standBy?.();
    await delay(STAND_BY_MS, undefined, { signal }).catch(() => undefined);
  }
  return null;
}
