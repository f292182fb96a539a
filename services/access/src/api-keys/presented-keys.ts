import { Inject, Injectable } from '@nestjs/common';
import { LRUCache } from 'lru-cache';
import { digestApiKey, parseApiKey, verifyApiKey } from '#libs/crypto';
import { hasEnded, type ApiKey } from '#libs/events';
import { Keyring } from '#libs/key-store';
import { AppError, type Clock, type Redacted, entriesAtMost } from '#libs/kernel';
import type { Logger } from '#libs/observability';
import type { MessageContext } from '#libs/transport';
import { RefusalRecords, type Refusal } from '../refusals/refusal-records';
import { CLOCK, LOGGER } from '../tokens';
import { isAllowedFrom } from './allowed-addresses';
import { ApiKeyUses } from './api-key-uses';
import { ApiKeys, type KnownKey } from './api-keys';

/** The text of a key, and the client that sent it. */
interface Presented {
  readonly text: Redacted<string>;
  readonly address: string;
  readonly userAgent: string | null;
}

/** Decides whether the text that a request presents is a valid key that may be used now and from this address. */
@Injectable()
export class PresentedKeys {
  /**
   * Keys that were verified before, by the digest of their text. A key is recognised only while it has this stored
   * hash.
   */
  readonly #verified = new LRUCache<string, { readonly id: string; readonly hash: string }>(
    entriesAtMost(20_000),
  );

  constructor(
    @Inject(CLOCK) private readonly clock: Clock,
    @Inject(LOGGER) private readonly logger: Logger,
    private readonly apiKeys: ApiKeys,
    private readonly keyring: Keyring,
    private readonly refusals: RefusalRecords,
    private readonly uses: ApiKeyUses,
  ) {}

  /**
   * Gives the key. Every refusal is the same AUTHENTICATION_REQUIRED and, for a well-formed key, costs the same work.
   * The cause is only logged and recorded.
   */
  async verify(presented: Presented, context: MessageContext): Promise<KnownKey> {
    const digest = digestApiKey(presented.text);
    return this.#recognised(digest, presented.address) ?? this.#checked(digest, presented, context);
  }

  /** Gives a key that was verified before and is in memory. Most requests end here. */
  #recognised(digest: string, address: string): KnownKey | undefined {
    const verified = this.#verified.get(digest);
    const known = verified && this.apiKeys.peek(verified.id);
    return known?.key.hash === verified?.hash && known && this.#works(known, address) ? known : undefined;
  }

  async #checked(digest: string, presented: Presented, context: MessageContext): Promise<KnownKey> {
    const parsed = parseApiKey(presented.text);
    if (!parsed) throw this.#refused('malformed', null, context);
    const known = await this.apiKeys.find(parsed.id);
    const pepper = await this.keyring.instanceKey('api-key-pepper');
    const isRight = verifyApiKey(pepper, parsed, known?.key.hash);
    if (!known) throw this.#refused('unknown', parsed.id, context);
    if (!isRight || !this.#works(known, presented.address)) {
      await this.apiKeys.pretendUnknown(parsed.id);
      const cause = isRight ? this.#causeAgainst(known.key) : 'wrong-secret';
      throw this.#recorded(known, cause, { presented, context });
    }
    this.#verified.set(digest, { id: parsed.id, hash: known.key.hash });
    return known;
  }

  /** Tells whether the right key may be used now and from this address. If it may, this notes a use of the key. */
  #works({ orgId, key }: KnownKey, address: string): boolean {
    const at = this.clock.now().toISOString();
    if (hasEnded(key, at) || !isAllowedFrom(key, address)) return false;
    this.uses.note(orgId, key.keyId, at);
    return true;
  }

  /** Gives the cause for which the right key is refused. */
  #causeAgainst(key: ApiKey): Refusal['cause'] {
    if (key.revokedAt !== null) return 'revoked';
    return hasEnded(key, this.clock.now().toISOString()) ? 'expired' : 'address';
  }

  #recorded(
    { orgId, key }: KnownKey,
    cause: Refusal['cause'],
    { presented, context }: { presented: Presented; context: MessageContext },
  ): AppError {
    const caller = { orgId, actorType: 'api-key', actorId: key.keyId };
    const { address, userAgent } = presented;
    const { correlationId } = context;
    this.refusals.note({ caller, action: null, cause, address, userAgent, correlationId });
    return this.#refused(cause, key.keyId, context);
  }

  #refused(reason: string, keyId: string | null, { correlationId }: MessageContext): AppError {
    const known = keyId === null ? {} : { key_id: keyId };
    this.logger.info('authentication refused', { reason, request_id: correlationId, ...known });
    return new AppError('AUTHENTICATION_REQUIRED');
  }
}
