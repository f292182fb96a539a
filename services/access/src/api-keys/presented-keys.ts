import { Inject, Injectable } from '@nestjs/common';
import { parseApiKey, verifyApiKey } from '#libs/crypto';
import { hasEnded, type ApiKey } from '#libs/events';
import { Keyring } from '#libs/key-store';
import { AppError, type Clock, type Redacted } from '#libs/kernel';
import type { Logger } from '#libs/observability';
import type { MessageContext } from '#libs/transport';
import { Refusals, type Refusal } from '../refusals/refusals';
import { CLOCK, LOGGER } from '../tokens';
import { isAllowedFrom } from './allowed-addresses';
import { ApiKeyUses } from './api-key-uses';
import { API_KEY_PEPPER, ApiKeys, type KnownKey } from './api-keys';

interface Origin {
  readonly address: string;
  readonly userAgent: string | null;
}

/** Decides whether what a request presents is a key that works, here and now. */
@Injectable()
export class PresentedKeys {
  constructor(
    @Inject(CLOCK) private readonly clock: Clock,
    @Inject(LOGGER) private readonly logger: Logger,
    private readonly apiKeys: ApiKeys,
    private readonly keyring: Keyring,
    private readonly refusals: Refusals,
    private readonly uses: ApiKeyUses,
  ) {}

  /**
   * Every refusal is the same to the caller, AUTHENTICATION_REQUIRED, and takes the same work once the key is
   * well-formed; the cause is recorded on our side only.
   */
  async verify(text: Redacted<string>, origin: Origin, context: MessageContext): Promise<KnownKey> {
    const presented = parseApiKey(text);
    if (!presented) throw this.refused('malformed', null, context);
    const known = await this.apiKeys.find(presented.id);
    const pepper = await this.keyring.instanceKey(API_KEY_PEPPER);
    const isRight = verifyApiKey(pepper, presented, known?.key.hash);
    if (!known) throw this.refused('unknown', presented.id, context);
    const at = this.clock.now().toISOString();
    const cause = isRight ? causeAgainst(known.key, at, origin.address) : 'wrong-secret';
    if (cause === null) {
      this.uses.note(known.orgId, presented.id, at);
      return known;
    }
    await this.apiKeys.pretendUnknown(presented.id);
    const { correlationId } = context;
    const caller = { orgId: known.orgId, actorType: 'api-key', actorId: presented.id };
    const { address, userAgent } = origin;
    this.refusals.note({ caller, action: null, cause, address, userAgent, correlationId });
    throw this.refused(cause, presented.id, context);
  }

  private refused(reason: string, keyId: string | null, { correlationId }: MessageContext): AppError {
    this.logger.info('authentication refused', {
      reason,
      request_id: correlationId,
      ...(keyId !== null && { key_id: keyId }),
    });
    return new AppError('AUTHENTICATION_REQUIRED');
  }
}

/** Why the right key does not work now; null when it does. */
function causeAgainst(key: ApiKey, at: string, address: string): Refusal['cause'] | null {
  if (key.revokedAt !== null) return 'revoked';
  if (hasEnded(key, at)) return 'expired';
  return isAllowedFrom(key, address) ? null : 'address';
}
