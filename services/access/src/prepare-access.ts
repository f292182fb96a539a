import type { INestApplicationContext } from '@nestjs/common';
import { Redacted } from '#libs/kernel';
import { ApiKeys } from './api-keys/api-keys';
import { Erasures } from './me/erasures';
import { FirstOwner } from './sign-up/first-owner';
import { FORGET_FIRST_KEY, PUBLIC_URL } from './tokens';

/**
 * Brings the access service up to date before its first request. Gives the link by which the first person comes in, for
 * as long as nobody has; once somebody has, no file holds the first API key.
 */
export async function prepareAccess(app: INestApplicationContext): Promise<Redacted<string> | null> {
  await app.get(ApiKeys).whenCurrent();
  await app.get(Erasures).begin();
  const token = await app.get(FirstOwner).token();
  // The owner's sign-up may have been cut off before it.
  if (!token) await app.get<() => Promise<void>>(FORGET_FIRST_KEY)();
  const url = app.get<() => string>(PUBLIC_URL)();
  // Behind the `#`, which a browser sends to nobody: no server on the way logs it.
  return token && new Redacted(`${url}/sign-up#token=${token.expose()}`);
}
