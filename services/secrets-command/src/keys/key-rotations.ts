import { Inject, Injectable, type OnModuleInit } from '@nestjs/common';
import { eventMetadata, foldStream, type EventStore } from '#libs/event-store';
import { keysStream, type OrganizationKeyEvent } from '#libs/events';
import { Keyring, ORGANIZATION_KEY_TTL_MS } from '#libs/key-store';
import { uuidV5, type Clock } from '#libs/kernel';
import type { Logger } from '#libs/observability';
import type { CollectionSpec, Document, ReadStore } from '#libs/read-store';
import { CLOCK, EVENT_STORE, LOGGER, PRODUCER, READ_STORE } from '../tokens';

/**
 * Until then another process may still wrap a data key under the generation before, and only a later pass finds the
 * last of these. The minute on top is for clocks that differ. After too short a time such a key would stay under the
 * old generation, which is kept and opens it.
 */
const SETTLED_AFTER_MS = ORGANIZATION_KEY_TTL_MS + 60_000;
const ROTATIONS_MAX = 100;

const rotationsCollection: CollectionSpec = { name: 'key_rotations_v1', fields: {}, indexes: [] };

/** A rotation that is not finished. Its id is the organization's. */
interface Rotation extends Document {
  readonly generation: number;
  /** When new values began to be sealed under the new generation; null until then. */
  readonly begunAt: string | null;
}

/** The result of a pass over an organization's data keys. */
interface Pass {
  readonly isWhole: boolean;
  readonly damaged: number;
}

/**
 * Replaces the key that wraps an organization's data keys, while values are written and read: note the rotation, begin
 * the next generation, wrap the data keys anew, append the event, remove the note. Every step may be repeated, so any
 * process that finds the note goes on with it.
 */
@Injectable()
export class KeyRotations implements OnModuleInit {
  constructor(
    @Inject(CLOCK) private readonly clock: Clock,
    @Inject(EVENT_STORE) private readonly events: EventStore,
    @Inject(LOGGER) private readonly logger: Logger,
    @Inject(READ_STORE) private readonly reads: ReadStore,
    private readonly keyring: Keyring,
  ) {}

  async onModuleInit(): Promise<void> {
    await this.reads.ensureCollection(rotationsCollection);
  }

  /** Notes that the organization gets a new key, so that no crash can prevent it. Gives the new generation. */
  async start(orgId: string): Promise<number> {
    const generation = (await this.keyring.currentGeneration(orgId)) + 1;
    const noted = await this.reads.putIfAbsent(rotationsCollection.name, rotation(orgId, generation, null));
    return (noted as Rotation).generation;
  }

  /** The generation to which an organization's rotation leads; null when none is under way. */
  async underWay(orgId: string): Promise<number | null> {
    const noted = (await this.reads.get(rotationsCollection.name, orgId)) as Rotation | null;
    return noted?.generation ?? null;
  }

  /** Brings every rotation as far as possible now, and calls `mayGoOn` before each batch. */
  async advance(mayGoOn: () => Promise<boolean>): Promise<void> {
    const sort = { field: 'id', direction: 'ascending' } as const;
    const noted = await this.reads.find(rotationsCollection.name, { where: {}, sort, limit: ROTATIONS_MAX });
    for (const each of noted as Rotation[]) {
      if (!(await mayGoOn())) return;
      await this.#advance(each, mayGoOn);
    }
  }

  async #advance(
    { id: orgId, generation, begunAt }: Rotation,
    mayGoOn: () => Promise<boolean>,
  ): Promise<void> {
    const begun = begunAt ?? (await this.#begin(orgId, generation));
    const isSettled = this.clock.now().getTime() - Date.parse(begun) >= SETTLED_AFTER_MS;
    const { isWhole, damaged } = await this.#rewrapAll(orgId, mayGoOn);
    if (!isWhole || !isSettled) return;
    if (damaged > 0) this.logger.error('data keys are damaged', { org_id: orgId, count: damaged });
    await this.#tell(orgId, { generation, damaged, rotatedAt: this.clock.now().toISOString() });
    await this.reads.remove(rotationsCollection.name, orgId);
  }

  async #begin(orgId: string, generation: number): Promise<string> {
    await this.keyring.beginGeneration(orgId, generation);
    // Noted afterwards, so that a crash in between makes the time later than it was, never earlier.
    const begunAt = this.clock.now().toISOString();
    await this.reads.put(rotationsCollection.name, rotation(orgId, generation, begunAt));
    return begunAt;
  }

  async #rewrapAll(orgId: string, mayGoOn: () => Promise<boolean>): Promise<Pass> {
    let damaged = 0;
    for (let next: string | null = ''; next !== null;) {
      if (!(await mayGoOn())) return { isWhole: false, damaged };
      const batch = await this.keyring.rewrapBatch(orgId, next);
      damaged += batch.damaged;
      next = batch.nextAfterId;
    }
    return { isWhole: true, damaged };
  }

  async #tell(orgId: string, data: OrganizationKeyEvent['data']): Promise<void> {
    const stream = keysStream(orgId);
    // All processes and attempts make the same id, so the log keeps only one event.
    const commandId = uuidV5('rotate-organization-key', orgId, data.generation);
    const none = { initial: null, evolve: () => null };
    const { applied, expected } = await foldStream(this.events, { orgId, stream, commandId }, none);
    if (applied) return;
    const caller = { orgId, actorType: 'system', actorId: 'key-rotation' };
    const origin = { caller, commandId, correlationId: 'key-rotation', at: data.rotatedAt };
    const metadata = eventMetadata({ ...origin, producer: PRODUCER });
    const event: OrganizationKeyEvent = { type: 'KeyEncryptionKeyRotated', data };
    await this.events.append({ orgId, stream, events: [event], expected, metadata });
  }
}

function rotation(orgId: string, generation: number, begunAt: string | null): Rotation {
  return { id: orgId, generation, begunAt };
}
