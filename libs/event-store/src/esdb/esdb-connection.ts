import { setTimeout as delay } from 'node:timers/promises';
import { AppError, isAppError, withDeadline } from '#libs/kernel';
import { createEsdbClient, type EsdbClient } from './esdb-client';
import { readHead } from './esdb-reads';
import type { EsdbSettings } from './esdb-url';

/**
 * How long callers wait for a store that has just failed: they should learn within a second that it is away. A server
 * that is only slow may take longer (a new connection, a slow disk: half a second was measured), so it is for the probe,
 * which has time, to tell whether it is back.
 */
const PATIENCE_WHEN_FAILING_MS = 400;
const PROBE_MS = 2_500;
const PROBE_GAP_MS = 100;
const RENEWAL_GAP_MS = { min: 250, max: 1_000 };

/**
 * The one connection of a store. The client reconnects by itself, but after a long outage only minutes
 * later, and a connection that hangs is noticed by its keep-alive at the earliest: so whatever looks like
 * a lost connection replaces the client, at most every second. Its calls end with it, their outcome
 * unknown; who waits for one settles that by asking on the new connection.
 *
 * From a failure on, one probe after the other asks the server until it answers. A call that was given up early says
 * nothing about the connection: only the probe, and a call that had its full time, replace it.
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

  /** Runs `work` on the present client. Every failure that is no AppError yet becomes STORE_UNAVAILABLE. */
  async run<T>(timeoutMs: number, work: (client: EsdbClient) => Promise<T>): Promise<T> {
    const { client } = this;
    const startedAt = performance.now();
    const patienceMs = this.#failing ? Math.min(timeoutMs, PATIENCE_WHEN_FAILING_MS) : timeoutMs;
    try {
      const result = await withDeadline(work(client), patienceMs, 'STORE_UNAVAILABLE');
      if (client.disconnected) throw new AppError('STORE_UNAVAILABLE');
      this.#heard();
      return result;
    } catch (cause) {
      if (isAppError(cause) && cause.code !== 'STORE_UNAVAILABLE') {
        this.#heard();
        throw cause;
      }
      const waitedMs = performance.now() - startedAt;
      const wasGivenUpEarly = patienceMs < timeoutMs && waitedMs >= patienceMs;
      // A server that answers others is slow, not gone: cutting all of its calls would make it slower.
      if (this.#heardAt < startedAt && !wasGivenUpEarly) this.#renew(client);
      throw isAppError(cause) ? cause : new AppError('STORE_UNAVAILABLE', { cause });
    }
  }

  async close(): Promise<void> {
    this.#closed = true;
    await quietly(this.#client.disconnect());
  }

  #heard(): void {
    this.#heardAt = performance.now();
    this.#failing = false;
    this.#renewalGapMs = RENEWAL_GAP_MS.min;
  }

  /** Until the server answers, a caller or us. */
  async #probe(): Promise<void> {
    this.#isProbing = true;
    for (;;) {
      await delay(PROBE_GAP_MS, undefined, { ref: false });
      if (!this.#failing || this.#closed) break;
      const client = this.#client;
      const isThere = await withDeadline(readHead(client), PROBE_MS, 'STORE_UNAVAILABLE').then(
        () => !client.disconnected,
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
    void quietly(lost.disconnect());
  }
}

/** Whatever goes wrong while leaving a connection behind changes nothing for anybody. */
async function quietly(work: Promise<void>): Promise<void> {
  await work.catch(() => undefined);
}
