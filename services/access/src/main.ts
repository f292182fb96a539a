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

runService(() => {
  const config = readAccessConfig();
  const host = readAccessHostConfig();
  const { firstApiKeyFile: keyFile, rootKey } = host.stores;
  const url = config.publicUrl ?? USUAL_URL;
  return {
    ...host,
    name: 'access',
    callers: ['api-gateway'],
    module: (parts) =>
      AccessModule.register({
        ...parts,
        config,
        forgetFirstKey: () => forgetFirstKey(host.stores),
        publicUrl: () => url,
      }),
    async beforeServing(app) {
      const key = await makeFirstKey(app.get(FirstOrganization), host.stores);
      const signUpLink = await prepareAccess(app);
      if (key) announceFirstStart({ key, keyFile, rootKeyFile: rootKey.file, url });
      if (signUpLink) announceSignUp(signUpLink);
    },
  };
});
