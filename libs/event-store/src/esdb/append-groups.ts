import { setImmediate as nextTurn } from 'node:timers/promises';
import { AppError, entriesAtMost, isAppError } from '#libs/kernel';
import { LRUCache } from 'lru-cache';
import { APPEND_BYTES_MAX, type Appended } from '../event-store';
import type { EncodedEvent } from './batch-appender';
import type { EsdbAppends } from './esdb-appends';

interface Member {
  readonly events: readonly EncodedEvent[];
  readonly bytes: number;
  resolve(appended: Appended): void;
  reject(error: unknown): void;
}

/** 500 events in one append took the server 48 ms. */
const GROUP_EVENTS_MAX = 500;
const WAITING_MAX = 10_000;
const SENT_MAX = 50_000;

/**
 * Appends at any revision, grouped: what arrives for a stream while an append to it is under way goes out
 * as one append afterwards, for a call costs the same whatever it carries.
 *
 * The server recognises a repeated append by its first event. Behind a new one in a group a repeated event
 * would be written again, so what this process has sent before goes alone; and when the server finds the
 * beginning of a group but not the rest, it refuses the whole group, and its members go one by one.
 */
export class AppendGroups {
  readonly #waiting = new Map<string, Member[]>();
  /** Ids of first events. */
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
    // The requests of this turn of the event loop ride together already.
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
        // The group's position: the group became visible as one, so who waits for it waits no longer.
        member.resolve({ ...appended, revision: revision.toString() });
      }
    } catch (error) {
      const refused = members.length > 1 && isAppError(error, 'WRONG_REVISION');
      for (const member of members) {
        if (refused)
          this.#alone(stream, member.events).then(
            (appended) => member.resolve(appended),
            (reason: unknown) => member.reject(reason),
          );
        else member.reject(error);
      }
      // When the store is away, those behind learn it now instead of one timeout after the other.
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
  // The first always goes, however many events it holds.
  return waiting.splice(0, full < 0 ? waiting.length : Math.max(1, full));
}
