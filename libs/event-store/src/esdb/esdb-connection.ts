import { setTimeout as delay } from 'node:timers/promises';
import { AppError, isAppError, withDeadline } from '#libs/kernel';
import { createEsdbClient, type EsdbClient } from './esdb-client';
import { readHead } from './esdb-reads';
import type { EsdbSettings } from './esdb-url';

/**
 * While the store is failing, a call is given up after this time, so that its caller learns within a second that the
 * store is away. A server that is only slow may take longer to answer (a new connection or a slow disk took half a
 * second). So the probe, which has more time, finds out whether the store is back.
 */
const PATIENCE_WHEN_FAILING_MS = 400;
const PROBE_MS = 2_500;
const PROBE_GAP_MS = 100;
const RENEWAL_GAP_MS = { min: 250, max: 1_000 };

/**
 * The one connection of a store. The vendor's client reconnects by itself, but minutes late after a long outage, and it
 * notices a hanging connection by its keep-alive at the earliest. So a new client replaces a connection that seems
 * lost; the time between two replacements grows from 250 ms to a second. Calls on the old client end with an unknown
 * outcome, and their callers ask again on the new connection.
 *
 * After a failure a probe asks the server again and again until the server answers. A call that was given up early does
 * not show that the connection is lost. Only the probe, or a call that had its full time, replaces the client.
 */
export class EsdbConnection {
  #client: EsdbClient;
  #generation = 0;
  #renewalGapMs = RENEWAL_GAP_MS.min;
  #renewedAt = -Infinity;
  #heardAt = 0;
  #failing = false;
  #isProbing = false;
  #closed = false;

  constructor(private readonly settings: EsdbSettings) {
    this.#client = createEsdbClient(settings, 0);
  }

  get client(): EsdbClient {
    if (this.#closed) throw new AppError('STORE_UNAVAILABLE');
    return this.#client;
  }

  /** Runs `work` on the current client. Any failure that is not an AppError becomes STORE_UNAVAILABLE. */
  async run<T>(timeoutMs: number, work: (client: EsdbClient) => Promise<T>): Promise<T> {
    const { client } = this;
    const startedAt = performance.now();
    const patienceMs = this.#failing ? Math.min(timeoutMs, PATIENCE_WHEN_FAILING_MS) : timeoutMs;
    try {
      const result = await withDeadline(work(client), patienceMs, 'STORE_UNAVAILABLE');
      if (client.isDisconnected) throw new AppError('STORE_UNAVAILABLE');
      this.#heard();
      return result;
    } catch (cause) {
      if (isAppError(cause) && cause.code !== 'STORE_UNAVAILABLE') {
        this.#heard();
        throw cause;
      }
      const waitedMs = performance.now() - startedAt;
      const wasGivenUpEarly = patienceMs < timeoutMs && waitedMs >= patienceMs;
      // A server that answered another call meanwhile is slow but not away. To end all calls would make it slower.
      if (this.#heardAt < startedAt && !wasGivenUpEarly) this.#renew(client);
      throw isAppError(cause) ? cause : new AppError('STORE_UNAVAILABLE', { cause });
    }
  }

  async close(): Promise<void> {
    this.#closed = true;
    await this.#client.disconnect().catch(() => undefined);
  }

  #heard(): void {
    this.#heardAt = performance.now();
    this.#failing = false;
    this.#renewalGapMs = RENEWAL_GAP_MS.min;
  }

  /** Asks the server until it answers this probe or a caller. */
  async #probe(): Promise<void> {
    this.#isProbing = true;
    for (;;) {
      await delay(PROBE_GAP_MS, undefined, { ref: false });
      if (!this.#failing || this.#closed) break;
      const client = this.#client;
      const isThere = await withDeadline(readHead(client), PROBE_MS, 'STORE_UNAVAILABLE').then(
        () => !client.isDisconnected,
        () => false,
      );
      if (isThere) this.#heard();
      else this.#renew(client);
    }
    this.#isProbing = false;
  }

  #renew(lost: EsdbClient): void {
    this.#failing = true;
    if (!this.#isProbing) void this.#probe();
    const now = performance.now();
    if (this.#closed || lost !== this.#client || now - this.#renewedAt < this.#renewalGapMs) return;
    this.#renewedAt = now;
    this.#renewalGapMs = Math.min(this.#renewalGapMs * 2, RENEWAL_GAP_MS.max);
    this.#generation += 1;
    this.#client = createEsdbClient(this.settings, this.#generation);
    // An error is ignored, because the old connection is no longer used.
    lost.disconnect().catch(() => undefined);
  }
}
