import * as v from 'valibot';
import { callerSchema } from '../caller';
import { defineMessage } from '../message';
import { meViewSchema } from './me-view';

/** Gives the caller's own account. Fails with NOT_FOUND for a person who was erased a moment ago. */
export const getMe = defineMessage({
  name: 'get-me',
  kind: 'query',
  request: v.strictObject({ caller: callerSchema }),
  reply: v.strictObject({ data: meViewSchema }),
});
