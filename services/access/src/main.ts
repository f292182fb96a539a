import 'reflect-metadata';
import { runService } from '#libs/host';
import { announceFirstStart, announceSignUp } from '#libs/process';
import { AccessModule } from './app.module';
import { readAccessConfig, readAccessHostConfig } from './config';
import { forgetFirstKey, makeFirstKey } from './organizations/first-key-file';
import { FirstOrganization } from './organizations/first-organization';
import { prepareAccess } from './prepare-access';

/** Where a gateway listens that nobody has told otherwise. */
const USUAL_URL = 'http://127.0.0.1:8080';

runService({
  name: 'access',
  config: () => readAccessConfig(),
  host: () => readAccessHostConfig(),
  callers: ['api-gateway'],
  module: ({ storesConfig, ...parts }) =>
    AccessModule.register({
      ...parts,
      forgetFirstKey: () => forgetFirstKey(storesConfig),
      publicUrl: () => parts.config.publicUrl ?? USUAL_URL,
    }),
  async beforeServing(app, { config, storesConfig }) {
    const { firstApiKeyFile: keyFile, rootKey } = storesConfig;
    const url = config.publicUrl ?? USUAL_URL;
    const key = await makeFirstKey(app.get(FirstOrganization), storesConfig);
    const signUpLink = await prepareAccess(app);
    if (key) announceFirstStart({ key, keyFile, rootKeyFile: rootKey.file, url });
    if (signUpLink) announceSignUp(signUpLink);
  },
});
