import type { INestApplicationContext } from '@nestjs/common';
import { Redacted } from '#libs/kernel';
import { ApiKeys } from './api-keys/api-keys';
import { FirstOrganization } from './organizations/first-organization';
import { FirstOwner } from './sign-up/first-owner';
import { Erasures } from './users/erasures';

/** What a start has to show to who sits at the terminal. */
export interface Shown {
  /** The first API key, the one time that it was made. */
  readonly key: Redacted<string> | null;
  /** The link by which the first person comes in, for as long as nobody has. */
  readonly signUpLink: Redacted<string> | null;
}

interface Options {
  /** Where people reach the server. */
  readonly url: string;
  /** Stores the first API key for its owner, before it exists. */
  readonly keepFirstKey: (key: Redacted<string>) => Promise<void>;
}

/** What happens between the opening of the stores and the first request: the access service is then up to date. */
export async function prepareAccess(app: INestApplicationContext, options: Options): Promise<Shown> {
  const key = await app.get(FirstOrganization).make(options.keepFirstKey);
  await app.get(ApiKeys).whenCurrent();
  await app.get(Erasures).begin();
  const token = await app.get(FirstOwner).token();
  // Behind the `#`, which a browser sends to nobody: no server on the way logs it.
  const signUpLink = token && new Redacted(`${options.url}/sign-up#token=${token.expose()}`);
  return { key, signUpLink };
}
