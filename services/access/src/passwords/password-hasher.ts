import { createRequire } from 'node:module';
import { Inject, Injectable } from '@nestjs/common';
import { keyedHash } from '#libs/crypto';
import { Keyring } from '#libs/key-store';
import { AppError, type Clock, type Redacted } from '#libs/kernel';
import type * as argon2 from '@node-rs/argon2';
import { CLOCK } from '../tokens';

// Loaded with the first password: a start, and an installation that only serves keys, needs none of it.
const load = createRequire(__filename);

/** OWASP's recommendation: 19 MiB, two passes, one lane; argon2id. */
const COST = { memoryCost: 19_456, timeCost: 2, parallelism: 1, algorithm: 2 };

/** One at a time: a second core is for those who present a key (case F7). */
const RUNNING_MAX = 1;
/** A tenth of a second of work; on a machine that is busy with other things it may be seconds, so time is bounded as well. */
const WAITING_MAX = 20;
const WAIT_MS_MAX = 2_000;

/** Of no password; with the same cost as any other. */
const NOBODYS_HASH =
  '$argon2id$v=19$m=19456,t=2,p=1$PtQP6Y28ept/MFnCX2AM0Q$15NKkyqovGcz8FoVgYsFOmzkemXpT67UcFcqUGqnKEI';

/**
 * Turns passwords into what may be stored of them: argon2id under a key of this installation, so that who has the read
 * store alone cannot even begin to guess. Slow on purpose, hence a queue with an end.
 */
@Injectable()
export class PasswordHasher {
  #running = 0;
  readonly #waiting: (() => void)[] = [];

  constructor(
    @Inject(CLOCK) private readonly clock: Clock,
    private readonly keyring: Keyring,
  ) {}

  /** Fails with RATE_LIMITED when the queue is full: ask before anything else is done for somebody. */
  assertRoom(): void {
    if (this.#waiting.length >= WAITING_MAX) throw tooMany();
  }

  async hash(password: Redacted<string>): Promise<string> {
    return this.#inTurn(async ({ hash }, secret) => hash(normalised(password), { ...COST, secret }));
  }

  /** Without a hash, for a person nobody knows, it is false after the same work. */
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
      // The place goes to the next in the queue, if there is one.
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

/** One password, however a keyboard composes its characters (NIST SP 800-63B). */
function normalised(password: Redacted<string>): string {
  return password.expose().normalize('NFKC');
}
