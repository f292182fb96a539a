import 'reflect-metadata';
import { rmSync } from 'node:fs';
import { prepareDataDirectory, runService, writePrivateFile, type StoresConfig } from '#libs/host';
import { isAppError } from '#libs/kernel';
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
      const key = await makeFirstKey(app.get(FirstOrganization), host.stores);
      await app.get(ApiKeys).whenCurrent();
      if (key) announceFirstStart({ key, keyFile, rootKeyFile: rootKey.file, url: config.publicUrl });
    },
  };
});

/** Null when there was nothing to make, or when another process that started at the same time was faster. */
async function makeFirstKey(first: FirstOrganization, { dataDir, firstApiKeyFile }: StoresConfig) {
  try {
    return await first.make(async (made) => {
      prepareDataDirectory(dataDir);
      await writePrivateFile(firstApiKeyFile, made);
    });
  } catch (error) {
    if (!isAppError(error, 'WRONG_REVISION')) throw error;
    // What is in it opens nothing: the other one's key does.
    rmSync(firstApiKeyFile, { force: true });
    return null;
  }
}
