import { Inject, Injectable } from '@nestjs/common';
import { scopes } from '#libs/contracts';
import { hashApiKey, newApiKey, parseApiKey, verifyApiKey } from '#libs/crypto';
import { eventMetadata, foldStream, type EventStore } from '#libs/event-store';
import { hasEnded, organizationFold, organizationStream } from '#libs/events';
import { Keyring } from '#libs/key-store';
import { idFromCommand, newCommandId, uuidV5, type Clock, type Redacted } from '#libs/kernel';
import type { AccessConfig } from '../config';
import { CLOCK, CONFIG, EVENT_STORE, PRODUCER } from '../tokens';
import { decideFirstOrganization } from './organization.decider';

/**
 * It is the same in every installation, so that only one of two services that start on a new log makes the
 * organization.
 */
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
   * Gives the new key; null when the organization exists. `keep` stores the key before it is issued, so that a crash in
   * between leaves a stored key that does not work, and never a working key that nobody has.
   */
  async make(keep: (key: Redacted<string>) => Promise<void>): Promise<Redacted<string> | null> {
    const orgId = FIRST_ORGANIZATION_ID;
    const stream = organizationStream(orgId);
    const { state, expected } = await this.#load();
    if (state.organization) return null;

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

  /** Tells whether this is a valid key of the organization. */
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
}
