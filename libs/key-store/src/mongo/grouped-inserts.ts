import { setImmediate as nextTurn } from 'node:timers/promises';
import { AppError } from '#libs/kernel';
import { duplicatesIn, type Collection, type MongoDatabase } from '#libs/mongo';
import type { StoredKey } from './stored-key';

interface Member {
  readonly key: StoredKey;
  readonly resolve: (isNew: boolean) => void;
  readonly reject: (error: unknown) => void;
}

const GROUP_MAX = 500;
const WAITING_MAX = 10_000;

/**
 * Inserts keys, grouped: a server flushes its journal for each call, whatever the call carries, so what arrives while
 * one is under way goes out as one call afterwards. Each caller gets the outcome of its own key.
 */
export class GroupedInserts {
  readonly #waiting: Member[] = [];
  #isDraining = false;

  constructor(
    private readonly db: MongoDatabase,
    private readonly keys: Collection<StoredKey>,
  ) {}

  /** False when a key with this id is there already. */
  insert(key: StoredKey): Promise<boolean> {
    return new Promise((resolve, reject) => {
      if (this.#waiting.length >= WAITING_MAX) return reject(new AppError('STORE_UNAVAILABLE'));
      this.#waiting.push({ key, resolve, reject });
      if (!this.#isDraining) void this.#drain();
    });
  }

  async #drain(): Promise<void> {
    this.#isDraining = true;
    // The requests of this turn of the event loop ride together already.
    await nextTurn();
    while (this.#waiting.length > 0) await this.#write(this.#waiting.splice(0, GROUP_MAX));
    this.#isDraining = false;
  }

  async #write(members: readonly Member[]): Promise<void> {
    try {
      const known = await this.db.run(() => this.#insertAll(members.map(({ key }) => key)));
      members.forEach(({ resolve }, index) => resolve(!known.has(index)));
    } catch (error) {
      for (const { reject } of members) reject(error);
      // When the server is away, those behind learn it now instead of one timeout after the other.
      for (const { reject } of this.#waiting.splice(0)) reject(error);
    }
  }

  /** Gives the places of those that were there already. */
  async #insertAll(keys: readonly StoredKey[]): Promise<ReadonlySet<number>> {
    try {
      await this.keys.insertMany(keys, { ordered: false });
      return new Set();
    } catch (error) {
      return new Set(duplicatesIn(error));
    }
  }
}
