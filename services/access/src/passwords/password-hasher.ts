import { createRequire } from 'node:module';
import { Inject, Injectable } from '@nestjs/common';
import { keyedHash } from '#libs/crypto';
import { Keyring } from '#libs/key-store';
import { AppError, type Clock, type Redacted } from '#libs/kernel';
import type * as argon2 from '@node-rs/argon2';
import { CLOCK } from '../tokens';

// The library is loaded with the first password. A start does not need it, nor an installation that only serves keys.
const load = createRequire(__filename);

/** argon2id as OWASP recommends it: 19 MiB, two passes, one lane. */
const COST = { memoryCost: 19_456, timeCost: 2, parallelism: 1, algorithm: 2 };

/** Only one hash runs at a time, so that a second core stays free for requests with a key (case F7). */
const RUNNING_MAX = 1;
/**
 * A hash takes 10 to 50 ms, but seconds on a busy machine. So both the queue and the waiting time are limited.
 */
const WAITING_MAX = 20;
const WAIT_MS_MAX = 2_000;

/** The hash of no known password. To verify against it costs as much as against any other. */
const NOBODYS_HASH =
  '$argon2id$v=19$m=19456,t=2,p=1$PtQP6Y28ept/MFnCX2AM0Q$15NKkyqovGcz8FoVgYsFOmzkemXpT67UcFcqUGqnKEI';

/**
 * Hashes passwords with argon2id under a key of this installation, so that nobody who has only the read store can start
 * to guess them. Hashing is slow on purpose, so requests wait in a bounded queue.
 */
@Injectable()
export class PasswordHasher {
  #running = 0;
  readonly #waiting: (() => void)[] = [];

  constructor(
    @Inject(CLOCK) private readonly clock: Clock,
    private readonly keyring: Keyring,
  ) {}

  /** Fails with RATE_LIMITED when the queue is full. To be called before any other work for a request. */
  assertRoom(): void {
    if (this.#waiting.length >= WAITING_MAX) throw tooMany();
  }

  async hash(password: Redacted<string>): Promise<string> {
    return this.#inTurn(async ({ hash }, secret) => hash(normalised(password), { ...COST, secret }));
  }

  /** Verifies a password. Without a hash, as for an unknown person, it gives false after the same work. */
  async verify(hash: string | null, password: Redacted<string>): Promise<boolean> {
    return this.#inTurn(async ({ verify }, secret) =>
      verify(hash ?? NOBODYS_HASH, normalised(password), { ...COST, secret }),
    );
  }

  async #inTurn<T>(work: (library: typeof argon2, secret: Uint8Array) => Promise<T>): Promise<T> {
    this.assertRoom();
    const askedAt = this.clock.monotonicMs();
    if (this.#running >= RUNNING_MAX) await new Promise<void>((resume) => this.#waiting.push(resume));
    else this.#running += 1;
    try {
      if (this.clock.monotonicMs() - askedAt > WAIT_MS_MAX) throw tooMany();
      const secret = keyedHash(await this.keyring.instanceKey('sign-in'), 'sv/v1/password');
      return await work(load('@node-rs/argon2') as typeof argon2, secret);
    } finally {
      // The place in use passes to the next in the queue, if there is one.
      const next = this.#waiting.shift();
      if (next) next();
      else this.#running -= 1;
    }
  }
}

function tooMany(): AppError {
  const safeMessage = 'Very many people are signing in at this moment; try again in a second';
  return new AppError('RATE_LIMITED', { safeMessage });
}

/** Makes texts equal that only differ in how a keyboard composes their characters (NIST SP 800-63B). */
function normalised(password: Redacted<string>): string {
  return password.expose().normalize('NFKC');
}
