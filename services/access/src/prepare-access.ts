import type { INestApplicationContext } from '@nestjs/common';
import { Redacted } from '#libs/kernel';
import { ApiKeys } from './api-keys/api-keys';
import { Erasures } from './me/erasures';
import { FirstOwner } from './sign-up/first-owner';

/**
 * Brings the access service up to date before its first request. Gives the link by which the first person comes in, for
 * as long as nobody has. `url`: where people reach the server.
 */
export async function prepareAccess(
  app: INestApplicationContext,
  url: string,
): Promise<Redacted<string> | null> {
  await app.get(ApiKeys).whenCurrent();
  await app.get(Erasures).begin();
  const token = await app.get(FirstOwner).token();
  // Behind the `#`, which a browser sends to nobody: no server on the way logs it.
  return token && new Redacted(`${url}/sign-up#token=${token.expose()}`);
}
