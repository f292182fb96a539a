import { Module, type DynamicModule } from '@nestjs/common';
import type { EventStore } from '#libs/event-store';
import { Keyring } from '#libs/key-store';
import type { Clock } from '#libs/kernel';
import type { Logger } from '#libs/observability';
import { RunningProjection } from '#libs/projection';
import type { ReadStore } from '#libs/read-store';
import type { SecretsQueryConfig } from './config';
import { CheckSecretsQueryHandler } from './health/check-secrets-query.handler';
import { GetLastReadHandler } from './secrets/get-last-read.handler';
import { GetSecretHandler } from './secrets/get-secret.handler';
import { ListSecretVersionsHandler } from './secrets/list-secret-versions.handler';
import { ListSecretsHandler } from './secrets/list-secrets.handler';
import { RevealSecretHandler } from './secrets/reveal-secret.handler';
import { secretList } from './secrets/secret-list.projection';
import { SecretReads } from './secrets/secret-reads';
import { SecretStreams } from './secrets/secret-streams';
import { CLOCK, CONFIG, EVENT_STORE, READ_STORE, SECRET_LIST } from './tokens';

/** What the composition root opens for this service, and closes after it. */
export interface SecretsQueryParts {
  readonly config: SecretsQueryConfig;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly events: EventStore;
  readonly keyring: Keyring;
  /** This service's own. */
  readonly reads: ReadStore;
}

/** Projects events into the read store, lists, and opens one value on demand after recording the read. */
@Module({})
export class SecretsQueryModule {
  static register({ config, clock, logger, events, keyring, reads }: SecretsQueryParts): DynamicModule {
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
        { provide: Keyring, useValue: keyring },
        {
          provide: SECRET_LIST,
          useFactory: () => new RunningProjection({ projection: secretList, events, reads, logger }),
        },
        SecretReads,
        SecretStreams,
      ],
    };
  }
}
