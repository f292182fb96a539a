import { Inject, Injectable, type OnModuleInit } from '@nestjs/common';
import { AppError, type Clock } from '#libs/kernel';
import type { CollectionSpec, ReadStore } from '#libs/read-store';
import { Turns } from '../organizations/turns';
import { CLOCK, READ_STORE } from '../tokens';
import { Pseudonyms } from '../users/pseudonyms';
import { decideAttempt, FAILURES_KEPT_MS, withdrawAttempt, type Failures } from './lockout.decider';

const failuresCollection = {
  name: 'sign_in_failures_v1',
  fields: { lastAt: 'string' },
  indexes: [['lastAt']],
} as const satisfies CollectionSpec;

/** Whoever guesses at ever new addresses makes ever new records; the oldest go first. */
export const RECORDS_MAX = 100_000;
const TRIMMED_EVERY = 1_000;

/** One attempt that is being looked at. It is counted, and stays so unless one of these is called. */
export interface Attempt {
  /** All failures are forgotten. */
  succeeded(): Promise<void>;
  /** As if it had never been: it was neither right nor wrong. What was counted beside it stays counted. */
  forgiven(): Promise<void>;
}

/**
 * Counts failed attempts per subject and makes guessing slow (docs/adr/0014). A subject is an address as somebody typed
 * it, whether anybody has it or not, so that a refusal tells nothing; it is stored as a pseudonym. The store alone knows the
 * counts, so all processes go by the same; what happens to one subject happens in turn. Two processes that count at the
 * very same moment may count one too few. The number of records is bounded.
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

  /** Counted, durably, when it resolves. Fails with RATE_LIMITED, saying when to try again. */
  async attempt(kind: 'sign-in' | 'session' | 'password', subject: string): Promise<Attempt> {
    const id = await this.pseudonyms.of('lockout', kind, subject);
    return this.#turns.take(id, async () => {
      const before = await this.read(id);
      const decided = decideAttempt(before, this.clock.now().getTime());
      if ('retryAfterSeconds' in decided) throw tooMany(decided.retryAfterSeconds);
      const { counted } = decided;
      await this.write(id, counted);
      return {
        succeeded: () => this.#turns.take(id, () => this.forget(id)),
        forgiven: () => this.#turns.take(id, () => this.withdraw(id, { before, counted })),
      };
    });
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
    const left = withdrawAttempt(await this.read(id), attempt);
    await (left ? this.write(id, left) : this.forget(id));
  }

  private async forget(id: string): Promise<void> {
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
