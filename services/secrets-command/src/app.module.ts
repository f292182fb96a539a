import { Module, type DynamicModule } from '@nestjs/common';
import type { EventStore } from '#libs/event-store';
import { PeriodicPurge } from '#libs/host';
import { IdempotentAnswers } from '#libs/idempotency';
import { Keyring } from '#libs/key-store';
import type { Clock } from '#libs/kernel';
import type { Logger } from '#libs/observability';
import { RunningProjection } from '#libs/projection';
import type { ReadStore } from '#libs/read-store';
import type { SecretsCommandConfig } from './config';
import { CheckSecretsCommandHandler } from './health/check-secrets-command.handler';
import { KeyMaintenance } from './keys/key-maintenance';
import { KeyRotations } from './keys/key-rotations';
import { OrphanKeys } from './keys/orphan-keys';
import { RevivedKeys } from './keys/revived-keys';
import { CreateSecretHandler } from './secrets/create-secret.handler';
import { DeleteSecretHandler } from './secrets/delete-secret.handler';
import { RecoveryWindows } from './secrets/recovery-windows';
import { secretInventory } from './secrets/secret-inventory.projection';
import { SecretNames } from './secrets/secret-names';
import { SecretQuota } from './secrets/secret-quota';
import { SecretShredder } from './secrets/secret-shredder';
import { SecretStreams } from './secrets/secret-streams';
import { UpdateSecretHandler } from './secrets/update-secret.handler';
import { CLOCK, CONFIG, EVENT_STORE, LOGGER, READ_STORE, SECRET_INVENTORY } from './tokens';

/** What the composition root opens for this service, and closes after it. */
export interface SecretsCommandParts {
  readonly config: SecretsCommandConfig;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly events: EventStore;
  readonly keyring: Keyring;
  /** The read store of this service. */
  readonly reads: ReadStore;
}

/** The only writer of secret streams: validates, seals, decides, appends at an exact revision. */
@Module({})
export class SecretsCommandModule {
  static register({ config, clock, logger, events, keyring, reads }: SecretsCommandParts): DynamicModule {
    return {
      module: SecretsCommandModule,
      controllers: [
        CheckSecretsCommandHandler,
        CreateSecretHandler,
        UpdateSecretHandler,
        DeleteSecretHandler,
      ],
      providers: [
        { provide: CLOCK, useValue: clock },
        { provide: CONFIG, useValue: config },
        { provide: EVENT_STORE, useValue: events },
        { provide: LOGGER, useValue: logger },
        { provide: READ_STORE, useValue: reads },
        { provide: Keyring, useValue: keyring },
        {
          provide: SECRET_INVENTORY,
          useFactory: () => new RunningProjection({ projection: secretInventory, events, reads, logger }),
        },
        {
          provide: IdempotentAnswers,
          useFactory: () => new IdempotentAnswers({ reads, clock, keyring }),
        },
        {
          provide: PeriodicPurge,
          inject: [IdempotentAnswers],
          useFactory: (answers: IdempotentAnswers) =>
            new PeriodicPurge({ logger, purges: [() => answers.purge()] }),
        },
        KeyMaintenance,
        KeyRotations,
        OrphanKeys,
        RecoveryWindows,
        RevivedKeys,
        SecretNames,
        SecretQuota,
        SecretShredder,
        SecretStreams,
      ],
    };
  }
}
