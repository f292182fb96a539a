import { Module, type DynamicModule } from '@nestjs/common';
import type { StoreOwner, Stores } from '#libs/host';
import type { Clock } from '#libs/kernel';
import type { Logger, Metrics } from '#libs/observability';
import type { MessageClient } from '#libs/transport';
import { AccessModule } from '../../access/src/app.module';
import type { AccessConfig } from '../../access/src/config';
import { GatewayModule } from '../../api-gateway/src/app.module';
import type { GatewayConfig } from '../../api-gateway/src/config';
import { SecretsCommandModule } from '../../secrets-command/src/app.module';
import type { SecretsCommandConfig } from '../../secrets-command/src/config';
import { SecretsQueryModule } from '../../secrets-query/src/app.module';
import type { SecretsQueryConfig } from '../../secrets-query/src/config';

export interface StandaloneParts {
  readonly clock: Clock;
  readonly logger: Logger;
  readonly metrics: Metrics;
  readonly stores: Stores;
  /** Reaches every service, because all of them run in this process. */
  readonly client: MessageClient;
  readonly forgetFirstKey: () => Promise<void>;
  readonly publicUrl: () => string;
  readonly configs: {
    readonly gateway: GatewayConfig;
    readonly access: AccessConfig;
    readonly secretsCommand: SecretsCommandConfig;
    readonly secretsQuery: SecretsQueryConfig;
  };
}

/** Every service in one process. They still talk in messages only. */
@Module({})
export class StandaloneModule {
  static async register({
    clock,
    logger,
    metrics,
    stores,
    client,
    configs,
    forgetFirstKey,
    publicUrl,
  }: StandaloneParts): Promise<DynamicModule> {
    const { events, keyring } = stores;
    const partsOf = async (service: StoreOwner) => {
      return { clock, logger, events, keyring, reads: await stores.readStoreOf(service) };
    };
    const access = { ...(await partsOf('access')), config: configs.access, forgetFirstKey, publicUrl };
    const command = { ...(await partsOf('secrets-command')), config: configs.secretsCommand };
    const query = { ...(await partsOf('secrets-query')), config: configs.secretsQuery };
    return {
      module: StandaloneModule,
      imports: [
        AccessModule.register(access),
        SecretsCommandModule.register(command),
        SecretsQueryModule.register(query),
        GatewayModule.register({
          config: configs.gateway,
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
