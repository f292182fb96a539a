import * as v from 'valibot';
import { callerSchema } from '../caller';
import { defineMessage } from '../message';
import { meViewSchema } from './me-view';

/** Changes the person's name. Fails with NOT_FOUND for an erased person. */
export const changeMe = defineMessage({
  name: 'change-me',
  kind: 'command',
  request: v.strictObject({ caller: callerSchema, name: v.string() }),
  reply: v.strictObject({ data: meViewSchema }),
});
