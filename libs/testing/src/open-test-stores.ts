import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { newKey } from '#libs/crypto';
import { openEventStore, type EventStore } from '#libs/event-store';
import { Keyring, openKeyStore, type KeyStore } from '#libs/key-store';
import type { Clock } from '#libs/kernel';
import { openReadStore, type ReadStore } from '#libs/read-store';

/** A clock that stands still until it is told how much time has passed. */
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

  /** The clock of another machine, which runs ahead of this one: whatever was begun here looks that old there. */
  ahead(ms: number): Clock {
    return {
      now: () => new Date(this.now().getTime() + ms),
      monotonicMs: () => this.monotonicMs(),
    };
  }

  /** Somebody sets it forward, or back: no time passes. */
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
  /** Another process's view of the same keys. */
  openKeyring(keys?: KeyStore): Promise<Keyring>;
  discard(): Promise<void>;
}

/** Embedded stores in a directory of their own, on a clock that the test sets. */
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
