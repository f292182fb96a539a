import { Inject, Injectable } from '@nestjs/common';
import { constantTimeEqual } from '#libs/crypto';
import { AppError, Redacted, type Clock } from '#libs/kernel';
import type { Logger } from '#libs/observability';
import { UsedCodes } from '../second-factors/used-codes';
import { newOpaqueToken } from '../sessions/opaque-token';
import { CLOCK, LOGGER } from '../tokens';
import { Pseudonyms } from '../users/pseudonyms';

/** Enough time for a person who must first find a password at the provider. */
export const FLOW_SECONDS_MAX = 600;

/** The session that a person renews by signing in again. */
export interface Renewal {
  readonly userId: string;
  readonly sessionId: string;
}

/** A sign-in under way at the provider, with the values that must come back from there. */
export interface Flow {
  /** Null when a new session is wanted. */
  readonly renewal: Renewal | null;
  /** Milliseconds since the epoch. */
  readonly begunAt: number;
  readonly state: string;
  readonly nonce: string;
  /** The PKCE verifier. The provider has its hash, and accepts the code only together with the verifier. */
  readonly verifier: string;
}

const FLOW = /^[A-Za-z0-9_-]{43}\.(\d{13})\.(?:(usr_[0-9a-z]{26})\.(ses_[0-9a-z]{26}))?$/;

/**
 * Keeps sign-ins under way in a cookie of the browser that began them: 256 random bits, the time and the purpose.
 * `state`, `nonce` and the PKCE verifier are keyed hashes of that text, so only this installation can make a matching
 * pair. To begin a sign-in stores nothing, any process can finish it, and a record is written only when it is used.
 */
@Injectable()
export class Flows {
  constructor(
    @Inject(CLOCK) private readonly clock: Clock,
    @Inject(LOGGER) private readonly logger: Logger,
    private readonly pseudonyms: Pseudonyms,
    private readonly usedCodes: UsedCodes,
  ) {}

  /** Begins a sign-in. `cookie` binds it to the browser. */
  async begin(renewal: Renewal | null): Promise<{ cookie: Redacted<string>; flow: Flow }> {
    const whose = renewal ? `${renewal.userId}.${renewal.sessionId}` : '';
    const text = `${newOpaqueToken().expose()}.${this.clock.now().getTime()}.${whose}`;
    const cookie = new Redacted(text);
    return { cookie, flow: await this.#read(cookie) };
  }

  /**
   * Finishes a sign-in, once. Fails with AUTHENTICATION_REQUIRED unless this browser began it within the last ten
   * minutes and has not finished it.
   */
  async finish(cookie: Redacted<string> | null, state: Redacted<string>): Promise<Flow> {
    if (!cookie || !FLOW.test(cookie.expose())) throw this.#refused('no sign-in was begun in this browser');
    const flow = await this.#read(cookie);
    if (!constantTimeEqual(Buffer.from(flow.state), Buffer.from(state.expose())))
      throw this.#refused('another state');
    if (this.clock.now().getTime() > flow.begunAt + FLOW_SECONDS_MAX * 1_000)
      throw this.#refused('begun too long ago');
    const isFirst = await this.usedCodes.use(await this.#part('used', cookie));
    if (!isFirst) throw this.#refused('used before');
    return flow;
  }

  async #read(cookie: Redacted<string>): Promise<Flow> {
    const [, begunAt, userId, sessionId] = FLOW.exec(cookie.expose()) ?? [];
    return {
      renewal: userId !== undefined && sessionId !== undefined ? { userId, sessionId } : null,
      begunAt: Number(begunAt),
      state: await this.#part('state', cookie),
      nonce: await this.#part('nonce', cookie),
      verifier: await this.#part('verifier', cookie),
    };
  }

  async #part(name: 'state' | 'nonce' | 'verifier' | 'used', cookie: Redacted<string>): Promise<string> {
    return this.pseudonyms.of('oidc-flow', name, cookie.expose());
  }

  #refused(reason: string): AppError {
    this.logger.info('sign-in refused', { reason });
    return new AppError('AUTHENTICATION_REQUIRED');
  }
}
