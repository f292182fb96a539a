import { Redacted } from '#libs/kernel';
import * as v from 'valibot';
import { callerSchema } from '../caller';
import { defineMessage } from '../message';

/** Makes a TOTP secret and shows it this once. Signing in asks for no code until `confirm-totp` confirms the secret. */
export const enrolTotp = defineMessage({
  name: 'enrol-totp',
  kind: 'command',
  request: v.strictObject({ caller: callerSchema }),
  reply: v.strictObject({ secret: v.instance(Redacted<string>), uri: v.instance(Redacted<string>) }),
});
