import { setTimeout as delay } from 'node:timers/promises';
import type { ReadStore } from '#libs/read-store';

/**
 * When a process stops without releasing its lease, another process, or its own restart, takes over after this time. A
 * slow process may lose its lease, too. That costs only a new term, because the fence guards the writes.
 */
const LEASE_MS = 3_000;
const RENEW_MS = LEASE_MS / 3;
/** A process that stands by asks more often than the holder renews, so that it takes over soon after the lease ends. */
const STAND_BY_MS = 250;

interface Lease {
  readonly name: string;
  readonly holder: string;
  readonly signal: AbortSignal;
  /** Called while another process holds the lease. */
  readonly standBy: () => void;
}

/**
 * Runs `work` while this process holds the lease `name`; other processes stand by. `work` gets the fence that its
 * writes must carry, and a signal that aborts when the lease is lost. Settles like `work`.
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
    // A failed renewal does not lose the lease: the next one may succeed, and the fence guards the writes.
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

/** Waits for the lease. Gives null after an abort. */
async function acquire(reads: ReadStore, { name, holder, signal, standBy }: Lease): Promise<number | null> {
  while (!signal.aborted) {
    const fence = await reads.acquireLease(name, holder, LEASE_MS);
    if (fence !== null) return fence;
    standBy();
    await delay(STAND_BY_MS, undefined, { signal }).catch(() => undefined);
  }
  return null;
}
