import { setImmediate as nextTurn } from 'node:timers/promises';
import { AppError, entriesAtMost, isAppError } from '#libs/kernel';
import { LRUCache } from 'lru-cache';
import { APPEND_BYTES_MAX, type Appended } from '../event-store';
import type { EncodedEvent } from './batch-appender';
import type { EsdbAppends } from './esdb-appends';

interface Member {
  readonly events: readonly EncodedEvent[];
  readonly bytes: number;
  readonly resolve: (appended: Appended) => void;
  readonly reject: (error: unknown) => void;
}

/** An append of 500 events took the server 48 ms. */
const GROUP_EVENTS_MAX = 500;
const WAITING_MAX = 10_000;
const SENT_MAX = 50_000;

/**
 * Groups appends that expect any revision. Appends that arrive while another one to the same stream is under way are
 * sent together as one, because a call costs the same whatever it carries.
 *
 * The server recognises a repeated append by its first event. A repeated event that is not the first of its group would
 * be written twice. So an append that this process has sent before is sent alone. When the server finds only the first
 * events of a group in the log, it refuses the group, and each member is sent alone.
 */
export class AppendGroups {
  readonly #waiting = new Map<string, Member[]>();
  /** Ids of the first events of appends that were sent. */
  readonly #sent = new LRUCache<string, true>(entriesAtMost(SENT_MAX));

  constructor(private readonly appends: EsdbAppends) {}

  append(stream: string, events: readonly EncodedEvent[]): Promise<Appended> {
    if (this.#wasSent(events)) return this.#alone(stream, events);
    const bytes = events.reduce(
      (sum, { data, metadata, type }) => sum + data.length + metadata.length + 2 * type.length,
      0,
    );
    return new Promise((resolve, reject) => {
      const member = { events, bytes, resolve, reject };
      const waiting = this.#waiting.get(stream);
      if (waiting && waiting.length >= WAITING_MAX) return reject(new AppError('STORE_UNAVAILABLE'));
      if (waiting) return void waiting.push(member);
      const members = [member];
      this.#waiting.set(stream, members);
      return void this.#drain(stream, members);
    });
  }

  async #drain(stream: string, waiting: Member[]): Promise<void> {
    // The requests of this turn of the event loop form the first group.
    await nextTurn();
    while (waiting.length > 0) await this.#write(stream, takeGroup(waiting), waiting);
    this.#waiting.delete(stream);
  }

  async #write(stream: string, members: readonly Member[], behind: Member[]): Promise<void> {
    const events = members.flatMap((member) => member.events);
    try {
      const appended = await this.appends.append({ stream, expected: 'any', events });
      let revision = BigInt(appended.revision) - BigInt(events.length);
      for (const member of members) {
        revision += BigInt(member.events.length);
        // All members get the position of the group. Its events became visible together, so waiting for it takes no
        // longer.
        member.resolve({ ...appended, revision: revision.toString() });
      }
    } catch (error) {
      const refused = members.length > 1 && isAppError(error, 'WRONG_REVISION');
      for (const member of members) {
        if (refused) this.#alone(stream, member.events).then(member.resolve, member.reject);
        else member.reject(error);
      }
      // When the store is away, waiting appends fail at once, instead of one timeout after the other.
      if (isAppError(error, 'STORE_UNAVAILABLE')) for (const member of behind.splice(0)) member.reject(error);
    }
  }

  #alone(stream: string, events: readonly EncodedEvent[]): Promise<Appended> {
    return this.appends.append({ stream, expected: 'any', events });
  }

  #wasSent([first]: readonly EncodedEvent[]): boolean {
    if (!first || this.#sent.has(first.id)) return true;
    this.#sent.set(first.id, true);
    return false;
  }
}

function takeGroup(waiting: Member[]): Member[] {
  let events = 0;
  let bytes = 0;
  const full = waiting.findIndex((member) => {
    events += member.events.length;
    bytes += member.bytes;
    return events > GROUP_EVENTS_MAX || bytes > APPEND_BYTES_MAX;
  });
  // The first append goes even when it exceeds the limit.
  return waiting.splice(0, full < 0 ? waiting.length : Math.max(1, full));
}
