import type { Caller } from '#libs/contracts';
import { AppError, isAppError } from '#libs/kernel';
import type { FastifyRequest } from 'fastify';
import { clientNetwork } from './client-network';
import { TokenBuckets, type Budget } from './token-buckets';

/** Each is 0 for no limit. */
export interface RateLimitSettings {
  /** Requests in a second. The same number may come at once. */
  readonly perAddress: number;
  readonly perCredential: number;
  readonly perOrganization: number;
  /** Failed authentications in a minute. The same number may come at once. */
  readonly failuresPerAddress: number;
  readonly failuresPerKey: number;
}

/**
 * Requests of one address that may cost a hash and are under way at the same time. The hasher has room for 21 of all
 * addresses together (docs/adr/0014), so that one client cannot fill it.
 */
const HASHED_AT_ONCE_MAX = 8;
/** Some of them have ended by then. */
const HASHED_WAIT_MS = 1_000;

/** The id of the key that a request presents. There may be no such key. */
const PRESENTED_KEY_ID = /^Bearer hklst_([0-9a-hjkmnp-tv-z]{26})/i;

/**
 * Limits what one client may ask of this process (docs/adr/0015). A right API key is served no matter how many wrong ones
 * came from the same address or with the same key id. So nobody can shut others out by guessing. A password is not even
 * looked at after too many wrong ones from its address, because looking costs more than anything else here. Failures are
 * RATE_LIMITED, with the seconds to wait.
 */
export class RateLimits {
  readonly #addresses: TokenBuckets | null;
  readonly #credentials: TokenBuckets | null;
  readonly #organizations: TokenBuckets | null;
  readonly #failingAddresses: TokenBuckets | null;
  readonly #failingKeys: TokenBuckets | null;
  /** Apart from wrong keys: yesterday's key in a program keeps no person at the same address from signing in. */
  readonly #failingProofs: TokenBuckets | null;
  readonly #hashedUnderWay = new Map<string, number>();

  /** `now` gives milliseconds that only grow. */
  constructor(settings: RateLimitSettings, now = () => performance.now()) {
    const perSecond = (count: number) => buckets({ burst: count, perSecond: count, now });
    const perMinute = (count: number) => buckets({ burst: count, perSecond: count / 60, now });
    this.#addresses = perSecond(settings.perAddress);
    this.#credentials = perSecond(settings.perCredential);
    this.#organizations = perSecond(settings.perOrganization);
    this.#failingAddresses = perMinute(settings.failuresPerAddress);
    this.#failingKeys = perMinute(settings.failuresPerKey);
    this.#failingProofs = perMinute(settings.failuresPerAddress);
  }

  /** Gives the refusal of a request, before anything is done for it; undefined when the request may go on. */
  atArrival(request: FastifyRequest): AppError | undefined {
    return refusal(this.#addresses?.take(clientNetwork(request.ip)));
  }

  /**
   * Settles like `authenticate`, and counts how it went. A success counts for the caller, a failure for the address and
   * the key id.
   */
  async authenticated<I extends { readonly caller: Caller }>(
    request: FastifyRequest,
    authenticate: () => Promise<I>,
  ): Promise<I> {
    let identity;
    try {
      identity = await authenticate();
    } catch (error) {
      throw isAppError(error, 'AUTHENTICATION_REQUIRED') ? (this.#afterFailure(request) ?? error) : error;
    }
    const { orgId, actorId } = identity.caller;
    const tooMany = refusal(this.#credentials?.take(actorId)) ?? refusal(this.#organizations?.take(orgId));
    if (tooMany) throw tooMany;
    return identity;
  }

  /**
   * Settles like `judge`, which looks at what somebody without a session sends to prove who they are. Fails with
   * RATE_LIMITED, without asking it, when their address has failed too often or has too much under way. A failure is
   * paid for in advance and given back to who did not fail, so guesses that come at once count at once.
   */
  async proved<T>(request: FastifyRequest, judge: () => Promise<T>): Promise<T> {
    return this.hashed(request, async () => {
      const network = clientNetwork(request.ip);
      const tooMany = refusal(this.#failingProofs?.take(network));
      if (tooMany) throw tooMany;
      let isWrong = false;
      try {
        return await judge();
      } catch (error) {
        isWrong = isWrongProof(error);
        throw error;
      } finally {
        if (!isWrong) this.#failingProofs?.giveBack(network);
      }
    });
  }

  /**
   * Settles like `work`, which may cost a hash. Fails with RATE_LIMITED, without beginning it, when the address has too
   * much of this kind under way. For people with a session: their failures are not counted here, because whoever fails
   * at the same address must not keep them from proving who they are.
   */
  async hashed<T>(request: FastifyRequest, work: () => Promise<T>): Promise<T> {
    const network = clientNetwork(request.ip);
    const underWay = this.#hashedUnderWay.get(network) ?? 0;
    const tooMany = refusal(underWay < HASHED_AT_ONCE_MAX ? 0 : HASHED_WAIT_MS);
    if (tooMany) throw tooMany;
    this.#hashedUnderWay.set(network, underWay + 1);
    try {
      return await work();
    } finally {
      this.#hashEnded(network);
    }
  }

  #hashEnded(network: string): void {
    const left = (this.#hashedUnderWay.get(network) ?? 0) - 1;
    if (left > 0) this.#hashedUnderWay.set(network, left);
    else this.#hashedUnderWay.delete(network);
  }

  /** Does the same for ids that exist and ids that do not, so that the answer tells nothing about them. */
  #afterFailure(request: FastifyRequest): AppError | undefined {
    const keyId = PRESENTED_KEY_ID.exec(request.headers.authorization ?? '')?.[1];
    const waits = [
      this.#failingAddresses?.take(clientNetwork(request.ip)) ?? 0,
      (keyId !== undefined && this.#failingKeys?.take(keyId)) || 0,
    ];
    return refusal(Math.max(...waits));
  }
}

/** Signing up with an address that somebody has, and not with their password, is EMAIL_TAKEN. */
function isWrongProof(error: unknown): boolean {
  return isAppError(error, 'AUTHENTICATION_REQUIRED') || isAppError(error, 'EMAIL_TAKEN');
}

function buckets(budget: Budget): TokenBuckets | null {
  return budget.burst === 0 ? null : new TokenBuckets(budget);
}

function refusal(waitMs = 0): AppError | undefined {
  if (waitMs === 0) return undefined;
  return new AppError('RATE_LIMITED', { retryAfterSeconds: Math.ceil(waitMs / 1_000) });
}
