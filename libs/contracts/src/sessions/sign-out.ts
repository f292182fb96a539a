import { Redacted } from '#libs/kernel';
import * as v from 'valibot';
import { defineMessage } from '../message';
import { originFields } from './origin';

/** Ends the session of a token. Does nothing for an unknown token. */
export const signOut = defineMessage({
  name: 'sign-out',
  kind: 'command',
  request: v.strictObject({ session: v.instance(Redacted<string>), ...originFields }),
  reply: v.strictObject({}),
});
