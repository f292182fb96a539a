import * as v from 'valibot';
import { defineMessage } from './message';

/** The state of a projection. libs/projection says what each state means. */
const projectionSchema = v.strictObject({
  name: v.string(),
  state: v.picklist(['starting', 'standby', 'catching-up', 'live', 'degraded', 'stopped']),
  parked: v.number(),
});

const checkOf = (service: string) =>
  defineMessage({
    name: `check-${service}`,
    kind: 'query',
    request: v.strictObject({}),
    reply: v.strictObject({
      /** The service's own dependencies by name, and whether each answers. */
      parts: v.record(v.string(), v.picklist(['ok', 'away'])),
      /** The projections of the process that answers. */
      projections: v.array(projectionSchema),
    }),
  });

/** Asks a service whether its dependencies answer, and how far its projections are. */
export const checkAccess = checkOf('access');
export const checkSecretsCommand = checkOf('secrets-command');
export const checkSecretsQuery = checkOf('secrets-query');
