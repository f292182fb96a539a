import { Module, type DynamicModule } from '@nestjs/common';
import { FollowedLog, type EventStore } from '#libs/event-store';
import { Keyring } from '#libs/key-store';
import type { Clock } from '#libs/kernel';
import type { Logger } from '#libs/observability';
import { RunningProjection } from '#libs/projection';
import type { ReadStore } from '#libs/read-store';
import type { SecretsQueryConfig } from './config';
import { CheckSecretsQueryHandler } from './health/check-secrets-query.handler';
import { FoldedSecrets } from './secrets/folded-secrets';
import { GetLastReadHandler } from './secrets/get-last-read.handler';
import { GetSecretHandler } from './secrets/get-secret.handler';
import { ListSecretVersionsHandler } from './secrets/list-secret-versions.handler';
import { ListSecretsHandler } from './secrets/list-secrets.handler';
import { RevealSecretHandler } from './secrets/reveal-secret.handler';
import { secretList } from './secrets/secret-list.projection';
import { SecretReads } from './secrets/secret-reads';
import { CLOCK, CONFIG, EVENT_STORE, FOLLOWED_LOG, READ_STORE, SECRET_LIST } from './tokens';

/** What the composition root opens for this service, and closes after it. */
export interface SecretsQueryParts {
  readonly config: SecretsQueryConfig;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly events: EventStore;
  readonly keyring: Keyring;
  /** The read store of this service. */
  readonly reads: ReadStore;
}

/** Projects events into the read store, lists secrets, and opens one value on demand after recording the read. */
@Module({})
export class SecretsQueryModule {
  static register(parts: SecretsQueryParts): DynamicModule {
    const { config, clock, logger, events, keyring, reads } = parts;
    const followed = events.isRemote ? new FollowedLog(events) : undefined;
    const list = { projection: secretList, events: followed ?? events, reads, logger };
    return {
      module: SecretsQueryModule,
      controllers: [
        CheckSecretsQueryHandler,
        GetLastReadHandler,
        GetSecretHandler,
        ListSecretsHandler,
        ListSecretVersionsHandler,
        RevealSecretHandler,
      ],
      providers: [
        { provide: CLOCK, useValue: clock },
        { provide: CONFIG, useValue: config },
        { provide: EVENT_STORE, useValue: events },
        { provide: READ_STORE, useValue: reads },
        { provide: FOLLOWED_LOG, useValue: followed },
        { provide: Keyring, useValue: keyring },
        {
          provide: SECRET_LIST,
          useFactory: () => new RunningProjection(list),
        },
        SecretReads,
        FoldedSecrets,
      ],
    };
  }
}
