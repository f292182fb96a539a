import 'reflect-metadata';
import { runService } from '#libs/host';
import { SecretsQueryModule } from './app.module';
import { readSecretsQueryConfig, readSecretsQueryHostConfig } from './config';

runService({
  name: 'secrets-query',
  config: () => readSecretsQueryConfig(),
  host: () => readSecretsQueryHostConfig(),
  module: (parts) => SecretsQueryModule.register(parts),
});
