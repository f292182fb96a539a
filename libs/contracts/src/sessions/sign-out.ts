import { Redacted } from '#libs/kernel';
import * as v from 'valibot';
import { defineMessage } from '../message';
import { originFields } from './origin';

/** Ends the session of a token; one that is nobody's is no failure. */
export const signOut = defineMessage({
  name: 'sign-out',
  kind: 'command',
  request: v.strictObject({ session: v.instance(Redacted<string>), ...originFields }),
  reply: v.strictObject({}),
});
