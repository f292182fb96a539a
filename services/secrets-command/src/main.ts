import 'reflect-metadata';
import { runService } from '#libs/host';
import { SecretsCommandModule } from './app.module';
import { readSecretsCommandConfig, readSecretsCommandHostConfig } from './config';

runService({
  name: 'secrets-command',
  config: () => readSecretsCommandConfig(),
  host: () => readSecretsCommandHostConfig(),
  module: (parts) => SecretsCommandModule.register(parts),
});
