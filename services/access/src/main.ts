import 'reflect-metadata';
import { runService } from '#libs/host';
import { announceFirstSteps } from '#libs/process';
import { AccessModule } from './app.module';
import { readAccessConfig, readAccessHostConfig } from './config';
import { firstSteps } from './first-steps';
import { forgetFirstKey } from './organizations/first-key-file';

/** The URL of a gateway with the default settings. */
const USUAL_URL = 'http://127.0.0.1:8080';

runService({
  name: 'access',
  config: () => readAccessConfig(),
  host: () => readAccessHostConfig(),
  module: ({ storesConfig, ...parts }) =>
    AccessModule.register({
      ...parts,
      forgetFirstKey: () => forgetFirstKey(storesConfig),
      publicUrl: () => parts.config.publicUrl ?? USUAL_URL,
    }),
  async beforeServing(app, { storesConfig }) {
    announceFirstSteps(await firstSteps(app, storesConfig));
  },
});
