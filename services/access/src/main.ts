import 'reflect-metadata';
import { removePrivateFile, runService, writePrivateFile } from '#libs/host';
import { announceFirstStart, announceSignUp } from '#libs/process';
import { AccessModule } from './app.module';
import { readAccessConfig, readAccessHostConfig } from './config';
import { prepareAccess } from './prepare-access';

runService(() => {
  const config = readAccessConfig();
  const host = readAccessHostConfig();
  const { firstApiKeyFile: keyFile, rootKey } = host.stores;
  const forgetFirstKey = () => removePrivateFile(keyFile);
  const url = config.publicUrl;
  return {
    ...host,
    name: 'access',
    callers: ['api-gateway'],
    module: (parts) => AccessModule.register({ ...parts, config, forgetFirstKey }),
    async beforeServing(app) {
      const keepFirstKey = (made: Parameters<typeof writePrivateFile>[1]) => writePrivateFile(keyFile, made);
      const { key, signUpLink } = await prepareAccess(app, { url, keepFirstKey });
      if (key) announceFirstStart({ key, keyFile, rootKeyFile: rootKey.file, url });
      if (signUpLink) announceSignUp(signUpLink);
    },
  };
});
