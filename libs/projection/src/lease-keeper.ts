import { setTimeout as delay } from 'node:timers/promises';
import type { ReadStore } from '#libs/read-store';

/** A process that stops without a word is replaced after this long. */
export const LEASE_MS = 10_000;
const RENEW_MS = LEASE_MS / 3;

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
    await delay(RENEW_MS, undefined, { signal }).catch(() => undefined);
  }
  return null;
}
