import * as v from 'valibot';
import { callerSchema } from './caller';

/** What every command carries besides its own fields. */
export const commandFields = {
  caller: callerSchema,
  commandId: v.string(),
  idempotencyKey: v.nullable(v.string()),
};

/** The answer to a command that leaves nothing to show: where in the log it stands. */
export const doneSchema = v.strictObject({ position: v.string() });
