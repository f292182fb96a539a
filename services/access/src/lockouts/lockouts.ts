import { Inject, Injectable, type OnModuleInit } from '@nestjs/common';
import { AppError, type Clock } from '#libs/kernel';
import type { CollectionSpec, ReadStore } from '#libs/read-store';
import { CLOCK, READ_STORE } from '../tokens';
import { Turns } from '../turns';
import { Pseudonyms } from '../users/pseudonyms';
import { decideAttempt, FAILURES_KEPT_MS, withdrawAttempt, type Failures } from './lockout.decider';

const failuresCollection = {
  name: 'sign_in_failures_v1',
  fields: { lastAt: 'string' },
  indexes: [['lastAt']],
} as const satisfies CollectionSpec;

/** The number of records is bounded, because each newly guessed address makes one. The oldest are removed first. */
export const RECORDS_MAX = 100_000;
const TRIMMED_EVERY = 1_000;

/**
 * Whose failures are counted together. Without a session it is the typed address, with a session the person. With a
 * session a password alone, and a code that confirms an authenticator app, are counted apart each: if they were not, a
 * right one would make the wrong proofs of a re-authentication forgotten.
 */
export interface Subject {
  readonly kind: 'sign-in' | 'session' | 'password' | 'enrolment';
  readonly id: string;
}

/** The outcome of an attempt: right with what it proved, or wrong with the reason. */
type Verdict = { readonly right: unknown } | { readonly wrong: unknown };

/** The failures of a subject before an attempt, and after it was counted. */
interface Attempt {
  readonly before: Failures | null;
  readonly counted: Failures;
}

/**
 * Counts failed attempts per subject and makes guessing slow (docs/adr/0014). A typed address is counted whether or not
 * it has a user, so that a refusal does not tell which, and is stored as a pseudonym. Counts are kept in the store
 * only, so that all processes share them. Attempts of one subject are counted one after the other within a process; two
 * processes that count at the same moment may count one too few.
 */
@Injectable()
export class Lockouts implements OnModuleInit {
  readonly #turns = new Turns();
  #written = 0;

  constructor(
    @Inject(CLOCK) private readonly clock: Clock,
    @Inject(READ_STORE) private readonly reads: ReadStore,
    private readonly pseudonyms: Pseudonyms,
  ) {}

  async onModuleInit(): Promise<void> {
    await this.reads.ensureCollection(failuresCollection);
  }

  /**
   * Gives the verdict of `judge` on one attempt. The attempt is counted durably before it is judged. A right one
   * removes all failures; a wrong one stays counted. When `judge` throws, only this attempt is taken back. Fails with
   * RATE_LIMITED and the time to wait, or with what `judge` throws.
   */
  async judged<V extends Verdict>({ kind, id: subject }: Subject, judge: () => Promise<V>): Promise<V> {
    const id = await this.pseudonyms.of('lockout', kind, subject);
    const attempt = await this.#turns.take(id, () => this.#count(id));
    const verdict = await judge().catch(async (error: unknown) => {
      await this.#turns.take(id, () => this.#withdraw(id, attempt));
      throw error;
    });
    if ('right' in verdict) await this.#turns.take(id, () => this.#forget(id));
    return verdict;
  }

  /** Removes the records of subjects whose last attempt was more than a day ago. */
  async purge(): Promise<void> {
    const old = new Date(this.clock.now().getTime() - FAILURES_KEPT_MS).toISOString();
    await this.reads.removeBefore(failuresCollection.name, 'lastAt', old);
  }

  async #count(id: string): Promise<Attempt> {
    const before = await this.#read(id);
    const decided = decideAttempt(before, this.clock.now().getTime());
    if ('retryAfterSeconds' in decided) throw tooMany(decided.retryAfterSeconds);
    await this.#write(id, decided.counted);
    return { before, counted: decided.counted };
  }

  async #read(id: string): Promise<Failures | null> {
    const document = await this.reads.get(failuresCollection.name, id);
    if (!document) return null;
    const { count, lastAt, lockedUntil } = document;
    return {
      count: Number(count),
      lastAt: Date.parse(String(lastAt)),
      lockedUntil: Date.parse(String(lockedUntil)),
    };
  }

  async #write(id: string, { count, lastAt, lockedUntil }: Failures): Promise<void> {
    const times = {
      lastAt: new Date(lastAt).toISOString(),
      lockedUntil: new Date(lockedUntil).toISOString(),
    };
    await this.reads.put(failuresCollection.name, { id, count, ...times });
    this.#written += 1;
    if (this.#written % TRIMMED_EVERY === 1) await this.#trim();
  }

  async #withdraw(id: string, attempt: Attempt): Promise<void> {
    const left = withdrawAttempt(await this.#read(id), attempt);
    await (left ? this.#write(id, left) : this.#forget(id));
  }

  async #forget(id: string): Promise<void> {
    await this.reads.remove(failuresCollection.name, id);
  }

  /** Removes the oldest records above RECORDS_MAX. */
  async #trim(): Promise<void> {
    const { name } = failuresCollection;
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
