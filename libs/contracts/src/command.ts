import * as v from 'valibot';
import { callerSchema } from './caller';

/** The fields of a command that can be repeated, besides its own (ADR 6). */
export const commandFields = {
  caller: callerSchema,
  commandId: v.string(),
  idempotencyKey: v.nullable(v.string()),
};

/** The reply to a command that leaves nothing to show: its position in the log. */
export const doneSchema = v.strictObject({ position: v.string() });
