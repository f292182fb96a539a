import 'reflect-metadata';
import { runService } from '#libs/host';
import { SecretsCommandModule } from './app.module';
import { readSecretsCommandConfig, readSecretsCommandHostConfig } from './config';

runService(() => {
  const config = readSecretsCommandConfig();
  return {
    ...readSecretsCommandHostConfig(),
    name: 'secrets-command',
    callers: ['api-gateway'],
    module: (parts) => SecretsCommandModule.register({ ...parts, config }),
  };
});
