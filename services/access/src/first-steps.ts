import type { INestApplicationContext } from '@nestjs/common';
import type { StoresConfig } from '#libs/host';
import type { FirstSteps } from '#libs/process';
import { makeFirstKey } from './organizations/first-key-file';
import { FirstOrganization } from './organizations/first-organization';
import { prepareAccess } from './prepare-access';
import { PUBLIC_URL } from './tokens';

/**
 * Makes the first key in a new installation, then brings the access service up to date, so that this key can be found.
 * Gives what a start shows to the operator.
 */
export async function firstSteps(app: INestApplicationContext, stores: StoresConfig): Promise<FirstSteps> {
  const key = await makeFirstKey(app.get(FirstOrganization), stores);
  const signUpLink = await prepareAccess(app);
  const { firstApiKeyFile: keyFile, rootKey } = stores;
  const url = app.get<() => string>(PUBLIC_URL)();
  return { firstKey: key && { key, keyFile, rootKeyFile: rootKey.file, url }, signUpLink };
}
