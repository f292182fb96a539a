import type { INestApplicationContext } from '@nestjs/common';
import { Redacted } from '#libs/kernel';
import { ApiKeys } from './api-keys/api-keys';
import { Erasures } from './me/erasures';
import { FirstOwner } from './sign-up/first-owner';
import { FORGET_FIRST_KEY, PUBLIC_URL } from './tokens';

/**
 * Brings the access service up to date before its first request. Gives the link by which the first owner signs up; null
 * once there is an owner, and then the file of the first API key is removed.
 */
export async function prepareAccess(app: INestApplicationContext): Promise<Redacted<string> | null> {
  await app.get(ApiKeys).whenCurrent();
  await app.get(Erasures).begin();
  const token = await app.get(FirstOwner).token();
  // The owner's sign-up may have been interrupted before it removed the file.
  if (!token) await app.get<() => Promise<void>>(FORGET_FIRST_KEY)();
  const url = app.get<() => string>(PUBLIC_URL)();
  // A browser sends the part behind `#` to no server, so no server on the way logs the token.
  return token && new Redacted(`${url}/sign-up#token=${token.expose()}`);
}
