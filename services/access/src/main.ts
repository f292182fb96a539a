import 'reflect-metadata';
import { runService } from '#libs/host';
import { announceFirstStart } from '#libs/process';
import { ApiKeys } from './api-keys/api-keys';
import { AccessModule } from './app.module';
import { readAccessConfig, readAccessHostConfig } from './config';
import { makeFirstKey } from './organizations/first-key-file';
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
      const key = await makeFirstKey(app.get(FirstOrganization), host.stores);
      await app.get(ApiKeys).whenCurrent();
      if (key) announceFirstStart({ key, keyFile, rootKeyFile: rootKey.file, url: config.publicUrl });
    },
  };
});
