import 'reflect-metadata';
import { prepareDataDirectory, runService, writePrivateFile } from '#libs/host';
import { announceFirstStart } from '#libs/process';
import { ApiKeys } from './api-keys/api-keys';
import { AccessModule } from './app.module';
import { readAccessConfig, readAccessHostConfig } from './config';
import { FirstOrganization } from './organizations/first-organization';

runService(() => {
  const config = readAccessConfig();
  const host = readAccessHostConfig();
  const { firstApiKeyFile: keyFile, rootKey } = host.stores;
  return {
    ...host,
    name: 'access',
    callers: ['api-gateway'],
    module: (parts) => AccessModule.register({ ...parts, config }),
    async beforeServing(app) {
      const key = await app.get(FirstOrganization).make((made) => {
        prepareDataDirectory(host.stores.dataDir);
        return writePrivateFile(keyFile, made);
      });
      await app.get(ApiKeys).whenCurrent();
      if (key) announceFirstStart({ key, keyFile, rootKeyFile: rootKey.file, url: config.publicUrl });
    },
  };
});
