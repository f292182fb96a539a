import 'reflect-metadata';
import { runService } from '#libs/host';
import { SecretsQueryModule } from './app.module';
import { readSecretsQueryConfig, readSecretsQueryHostConfig } from './config';

runService(() => {
  const config = readSecretsQueryConfig();
  return {
    ...readSecretsQueryHostConfig(),
    name: 'secrets-query',
    callers: ['api-gateway'],
    module: (parts) => SecretsQueryModule.register({ ...parts, config }),
  };
});
