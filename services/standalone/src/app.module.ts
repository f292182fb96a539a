import { Module, type DynamicModule } from '@nestjs/common';
import type { Clock } from '#libs/kernel';
import type { Logger, Metrics } from '#libs/observability';
import type { MessageClient } from '#libs/transport';
import { AccessModule } from '../../access/src/app.module';
import { readAccessConfig } from '../../access/src/config';
import { GatewayModule } from '../../api-gateway/src/app.module';
import { SecretsCommandModule } from '../../secrets-command/src/app.module';
import { readSecretsCommandConfig } from '../../secrets-command/src/config';
import { SecretsQueryModule } from '../../secrets-query/src/app.module';
import { readSecretsQueryConfig } from '../../secrets-query/src/config';
import type { Stores } from './open-stores';

export interface StandaloneParts {
  readonly clock: Clock;
  readonly logger: Logger;
  readonly metrics: Metrics;
  readonly stores: Stores;
  /** Reaches every service: they all live in this process. */
  readonly client: MessageClient;
}

/** Every service in one process. They still meet only through messages. */
@Module({})
export class StandaloneModule {
  static register({ clock, logger, metrics, stores, client }: StandaloneParts): DynamicModule {
    const { events, keyring, reads } = stores;
    const shared = { clock, logger, events, keyring };
    return {
      module: StandaloneModule,
      imports: [
        AccessModule.register({ ...shared, config: readAccessConfig(), reads: reads.access }),
        SecretsCommandModule.register({
          ...shared,
          config: readSecretsCommandConfig(),
          reads: reads.secretsCommand,
        }),
        SecretsQueryModule.register({
          ...shared,
          config: readSecretsQueryConfig(),
          reads: reads.secretsQuery,
        }),
        GatewayModule.register({
          logger,
          metrics,
          access: client,
          secretsCommand: client,
          secretsQuery: client,
        }),
      ],
    };
  }
}
