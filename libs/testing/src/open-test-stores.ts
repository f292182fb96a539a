import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { newKey } from '#libs/crypto';
import { openEventStore, type EventStore } from '#libs/event-store';
import { Keyring, openKeyStore, type KeyStore } from '#libs/key-store';
import type { Clock } from '#libs/kernel';
import { openReadStore, type ReadStore } from '#libs/read-store';

/** A clock that moves only when a test calls `pass` or `setBy`. */
export class TestClock implements Clock {
  #time = Date.parse('2026-11-23T10:00:00.000Z');
  #setByMs = 0;

  now(): Date {
    return new Date(this.#time + this.#setByMs);
  }

  monotonicMs(): number {
    return this.#time;
  }

  pass(ms: number): void {
    this.#time += ms;
  }

  /** Gives the clock of another machine, `ms` ahead of this one. By that clock, everything begun here is `ms` older. */
  ahead(ms: number): Clock {
    return {
      now: () => new Date(this.now().getTime() + ms),
      monotonicMs: () => this.monotonicMs(),
    };
  }

  /** Sets the wall clock forward or back. The monotonic clock does not move. */
  setBy(ms: number): void {
    this.#setByMs += ms;
  }
}

export interface TestStores {
  readonly clock: TestClock;
  readonly events: EventStore;
  readonly keys: KeyStore;
  readonly keyring: Keyring;
  readonly reads: ReadStore;
  /** Opens another keyring on the same keys, as another process does. */
  openKeyring(keys?: KeyStore): Promise<Keyring>;
  discard(): Promise<void>;
}

/** Opens embedded stores in a new temporary directory, with a clock that the test sets. */
export async function openTestStores(): Promise<TestStores> {
  const directory = mkdtempSync(path.join(tmpdir(), 'hklst-stores-'));
  const urlOf = (file: string) => `sqlite:${path.join(directory, file)}`;
  const clock = new TestClock();
  const rootKey = { current: newKey() };
  const events = await openEventStore(urlOf('events.db'));
  const keys = await openKeyStore(urlOf('keys.db'));
  const reads = await openReadStore(urlOf('reads.db'));
  const openKeyring = (store = keys) => Keyring.open({ keys: store, rootKey, clock });
  return {
    clock,
    events,
    keys,
    keyring: await openKeyring(),
    reads,
    openKeyring,
    async discard() {
      for (const store of [events, keys, reads]) await store.close();
      rmSync(directory, { recursive: true });
    },
  };
}
