import { Module, type DynamicModule } from '@nestjs/common';
import type { EventStore } from '#libs/event-store';
import { Keyring } from '#libs/key-store';
import type { Clock } from '#libs/kernel';
import type { Logger } from '#libs/observability';
import { RunningProjection } from '#libs/projection';
import type { ReadStore } from '#libs/read-store';
import { apiKeyIndex } from './api-keys/api-key-index.projection';
import { ApiKeys } from './api-keys/api-keys';
import { AuthenticateHandler } from './api-keys/authenticate.handler';
import type { AccessConfig } from './config';
import { CheckAccessHandler } from './health/check-access.handler';
import { FirstOrganization } from './organizations/first-organization';
import { Organizations } from './organizations/organizations';
import { Sessions } from './sessions/sessions';
import { API_KEY_INDEX, CLOCK, CONFIG, EVENT_STORE, READ_STORE } from './tokens';
import { Users } from './users/users';

/** What the composition root opens for this service, and closes after it. */
export interface AccessParts {
  readonly config: AccessConfig;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly events: EventStore;
  readonly keyring: Keyring;
  /** This service's own. */
  readonly reads: ReadStore;
}

/** Answers "who is this, and what may they do". */
@Module({})
export class AccessModule {
  static register({ config, clock, logger, events, keyring, reads }: AccessParts): DynamicModule {
    return {
      module: AccessModule,
      controllers: [CheckAccessHandler, AuthenticateHandler],
      providers: [
        { provide: CLOCK, useValue: clock },
        { provide: CONFIG, useValue: config },
        { provide: EVENT_STORE, useValue: events },
        { provide: READ_STORE, useValue: reads },
        { provide: Keyring, useValue: keyring },
        {
          provide: API_KEY_INDEX,
          useFactory: () => new RunningProjection({ projection: apiKeyIndex, events, reads, logger }),
        },
        ApiKeys,
        FirstOrganization,
        Organizations,
        Sessions,
        Users,
      ],
    };
  }
}
