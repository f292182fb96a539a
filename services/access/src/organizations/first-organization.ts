import { Inject, Injectable } from '@nestjs/common';
import { scopes } from '#libs/contracts';
import { hashApiKey, newApiKey, parseApiKey, verifyApiKey } from '#libs/crypto';
import { eventMetadata, foldStream, type EventStore } from '#libs/event-store';
import { hasEnded, organizationFold, organizationStream } from '#libs/events';
import { Keyring } from '#libs/key-store';
import { AppError, idFromCommand, newCommandId, uuidV5, type Clock, type Redacted } from '#libs/kernel';
import type { AccessConfig } from '../config';
import { CLOCK, CONFIG, EVENT_STORE, PRODUCER } from '../tokens';
import { decideFirstOrganization } from './organization.decider';

/** The same in every installation, so that of two services starting first on one log only one makes it. */
export const FIRST_ORGANIZATION_ID = idFromCommand('org', uuidV5('first organization'));

/** Makes the organization and the API key that a new installation starts with. */
@Injectable()
export class FirstOrganization {
  constructor(
    @Inject(CLOCK) private readonly clock: Clock,
    @Inject(CONFIG) private readonly config: AccessConfig,
    @Inject(EVENT_STORE) private readonly events: EventStore,
    private readonly keyring: Keyring,
  ) {}

  /**
   * Gives the new key, or null when there was nothing to do. `keep` stores the key for its owner and is
   * called before the key exists: a crash in between leaves a key that opens nothing, never a lost one.
   */
  async make(keep: (key: Redacted<string>) => Promise<void>): Promise<Redacted<string> | null> {
    const orgId = FIRST_ORGANIZATION_ID;
    const stream = organizationStream(orgId);
    const { state, expected } = await this.#load();
    if (state.organization) {
      await this.#refuseWithoutKeys();
      return null;
    }

    const now = this.clock.now();
    const at = now.toISOString();
    const apiKey = newApiKey(now);
    const hash = hashApiKey(await this.keyring.instanceKey('api-key-pepper'), apiKey);
    const key = {
      keyId: apiKey.id,
      name: 'First key',
      scopes: [...scopes],
      hash,
      issuedAt: at,
      expiresAt: null,
    };
    const events = decideFirstOrganization(state, {
      orgId,
      name: this.config.firstOrganizationName,
      key,
      at,
    });
    await keep(apiKey.text);
    const commandId = newCommandId(now);
    const caller = { orgId, actorType: 'system', actorId: 'first-start' };
    const metadata = eventMetadata({
      caller,
      commandId,
      correlationId: 'first-start',
      at,
      producer: PRODUCER,
    });
    await this.events.append({ orgId, stream, events, expected, metadata });
    return apiKey.text;
  }

  /** Whether this is a key of the organization, and works. */
  async accepts(text: Redacted<string>): Promise<boolean> {
    const presented = parseApiKey(text);
    if (!presented) return false;
    const { state } = await this.#load();
    const key = state.keys.get(presented.id);
    if (!key || hasEnded(key, this.clock.now().toISOString())) return false;
    return verifyApiKey(await this.keyring.instanceKey('api-key-pepper'), presented, key.hash);
  }

  async #load() {
    const orgId = FIRST_ORGANIZATION_ID;
    return foldStream(this.events, { orgId, stream: organizationStream(orgId) }, organizationFold);
  }

  /** A log whose keys are gone opens nothing: better to say so than to make new keys beside it. */
  async #refuseWithoutKeys(): Promise<void> {
    if (await this.keyring.hasInstanceKey('api-key-pepper')) return;
    const safeMessage =
      'Cannot start: the event log is in use, but its key store (keys.db) is empty. Put the key store back from its backup.';
    throw new AppError('STORE_CORRUPT', { safeMessage });
  }
}
