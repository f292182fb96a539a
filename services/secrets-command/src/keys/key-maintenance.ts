import { randomUUID } from 'node:crypto';
import { Inject, Injectable, type OnApplicationBootstrap, type OnApplicationShutdown } from '@nestjs/common';
import { PeriodicTask } from '#libs/kernel';
import { errorFields, type Logger } from '#libs/observability';
import type { ReadStore } from '#libs/read-store';
import { LOGGER, READ_STORE } from '../tokens';
import { KeyRotations } from './key-rotations';
import { OrphanKeys } from './orphan-keys';
import { RevivedKeys } from './revived-keys';

const INTERVAL_MS = 60_000;
const LEASE = 'key-maintenance';
/** Renewed before each batch. No batch takes a tenth of this time. */
const LEASE_MS = 60_000;

/**
 * Goes on with rotations and destroys keys that open nothing, in one process at a time. The lease only saves work,
 * because two processes may safely do this at once.
 */
@Injectable()
export class KeyMaintenance implements OnApplicationBootstrap, OnApplicationShutdown {
  readonly #holder = randomUUID();
  readonly #rounds = new PeriodicTask({
    intervalMs: INTERVAL_MS,
    round: (signal) => this.#round(signal),
    failed: (error) => this.logger.warn('key maintenance interrupted; it will go on', errorFields(error)),
  });

  constructor(
    @Inject(LOGGER) private readonly logger: Logger,
    @Inject(READ_STORE) private readonly reads: ReadStore,
    private readonly rotations: KeyRotations,
    private readonly orphans: OrphanKeys,
    private readonly revived: RevivedKeys,
  ) {}

  onApplicationBootstrap(): void {
    this.#rounds.begin();
  }

  onApplicationShutdown(): Promise<void> {
    return this.#rounds.end();
  }

  /** Does one round, or nothing while another process does one. A failure is logged, and the next round goes on. */
  run(): Promise<void> {
    return this.#rounds.run();
  }

  async #round(signal: AbortSignal): Promise<void> {
    const mayGoOn = async () =>
      !signal.aborted && (await this.reads.acquireLease(LEASE, this.#holder, LEASE_MS)) !== null;
    if (!(await mayGoOn())) return;
    await this.rotations.advance(mayGoOn);
    await this.orphans.sweep(mayGoOn);
    await this.revived.sweep(signal, mayGoOn);
    await this.reads.releaseLease(LEASE, this.#holder);
  }
}
