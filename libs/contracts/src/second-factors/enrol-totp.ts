import { Redacted } from '#libs/kernel';
import * as v from 'valibot';
import { callerSchema } from '../caller';
import { defineMessage } from '../message';

/** Makes a secret for an authenticator app, told this once; nothing is asked for it until it is confirmed. */
export const enrolTotp = defineMessage({
  name: 'enrol-totp',
  kind: 'command',
  request: v.strictObject({ caller: callerSchema }),
  reply: v.strictObject({ secret: v.instance(Redacted<string>), uri: v.instance(Redacted<string>) }),
});
