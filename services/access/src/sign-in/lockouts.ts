import { Inject, Injectable, type OnModuleInit } from '@nestjs/common';
import { LRUCache } from 'lru-cache';
import { AppError, type Clock, entriesAtMost } from '#libs/kernel';
import type { CollectionSpec, ReadStore } from '#libs/read-store';
import { CLOCK, READ_STORE } from '../tokens';
import { Pseudonyms } from '../users/pseudonyms';
import { decideAttempt, FAILURES_KEPT_MS, withdrawAttempt, type Failures } from './lockout.decider';

const failuresCollection = {
  name: 'sign_in_failures_v1',
  fields: { lastAt: 'string' },
  indexes: [['lastAt']],
} as const satisfies CollectionSpec;

const IN_MEMORY_MAX = 10_000;
/** Whoever guesses at ever new addresses makes ever new records; the oldest go first. */
export const RECORDS_MAX = 100_000;
const TRIMMED_EVERY = 1_000;

/** One attempt that is being looked at; exactly one of these is called when its outcome is known. */
export interface Attempt {
  /** All failures are forgotten. */
  succeeded(): Promise<void>;
  /** It stays counted; durable when it resolves. */
  failed(): Promise<void>;
  /** As if it had never been: it was neither right nor wrong. What was counted beside it stays counted. */
  forgiven(): Promise<void>;
}

/**
 * Counts failed attempts per subject and makes guessing slow (docs/adr/0014). A subject is an address as somebody typed
 * it, whether anybody has it or not, so that a refusal tells nothing; it is stored as a pseudonym. Counts survive a
 * restart; memory and records are bounded.
 */
@Injectable()
export class Lockouts implements OnModuleInit {
  readonly #known = new LRUCache<string, Failures>(entriesAtMost(IN_MEMORY_MAX));
  #written = 0;

  constructor(
    @Inject(CLOCK) private readonly clock: Clock,
    @Inject(READ_STORE) private readonly reads: ReadStore,
    private readonly pseudonyms: Pseudonyms,
  ) {}

  async onModuleInit(): Promise<void> {
    await this.reads.ensureCollection(failuresCollection);
  }

  /** Fails with RATE_LIMITED, saying when to try again. */
  async attempt(kind: 'sign-in' | 'session', subject: string): Promise<Attempt> {
    const id = await this.pseudonyms.of('lockout', kind, subject);
    const stored = await this.find(id);
    // Nothing is waited for from here to `set`: whoever counted in the meantime is in memory.
    const before = this.#known.get(id) ?? stored;
    const decided = decideAttempt(before, this.clock.now().getTime());
    if ('retryAfterSeconds' in decided) throw tooMany(decided.retryAfterSeconds);
    this.#known.set(id, decided.counted);
    const counted = this.write(id, decided.counted);
    // Looked at when the outcome is known; until then it must not count as unhandled.
    counted.catch(() => undefined);
    return {
      succeeded: () => this.forget(id),
      failed: () => counted,
      forgiven: () => this.withdraw(id, { before, counted: decided.counted }),
    };
  }

  private async find(id: string): Promise<Failures | null> {
    return this.#known.get(id) ?? (await this.read(id));
  }

  private async read(id: string): Promise<Failures | null> {
    const document = await this.reads.get(failuresCollection.name, id);
    if (!document) return null;
    const { count, lastAt, lockedUntil } = document;
    return {
      count: Number(count),
      lastAt: Date.parse(String(lastAt)),
      lockedUntil: Date.parse(String(lockedUntil)),
    };
  }

  private async write(id: string, { count, lastAt, lockedUntil }: Failures): Promise<void> {
    const times = {
      lastAt: new Date(lastAt).toISOString(),
      lockedUntil: new Date(lockedUntil).toISOString(),
    };
    await this.reads.put(failuresCollection.name, { id, count, ...times });
    this.#written += 1;
    if (this.#written % TRIMMED_EVERY === 1) await this.trim();
  }

  private async withdraw(
    id: string,
    attempt: { readonly before: Failures | null; readonly counted: Failures },
  ): Promise<void> {
    const stored = await this.find(id);
    const left = withdrawAttempt(this.#known.get(id) ?? stored, attempt);
    if (!left) return this.forget(id);
    this.#known.set(id, left);
    await this.write(id, left);
  }

  private async forget(id: string): Promise<void> {
    this.#known.delete(id);
    await this.reads.remove(failuresCollection.name, id);
  }

  private async trim(): Promise<void> {
    const { name } = failuresCollection;
    const old = new Date(this.clock.now().getTime() - FAILURES_KEPT_MS).toISOString();
    await this.reads.removeBefore(name, 'lastAt', old);
    const excess = (await this.reads.count(name, { where: {} })) - RECORDS_MAX;
    if (excess <= 0) return;
    const [first] = await this.reads.find(name, {
      where: {},
      sort: { field: 'lastAt', direction: 'ascending' },
      skip: excess,
      limit: 1,
    });
    if (first) await this.reads.removeBefore(name, 'lastAt', String(first['lastAt']));
  }
}

function tooMany(retryAfterSeconds: number): AppError {
  const safeMessage = 'Too many failed attempts; wait a little and try again';
  return new AppError('RATE_LIMITED', { safeMessage, retryAfterSeconds });
}
