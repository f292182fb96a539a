import * as v from 'valibot';
import { defineMessage } from './message';

/** What a read model says of itself; libs/projection says what it means. */
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
      /** Those of the process that was asked. */
      projections: v.array(projectionSchema),
    }),
  });

/** Asks a service whether what it needs to answer is there, and how far its read models are. */
export const checkAccess = checkOf('access');
export const checkSecretsCommand = checkOf('secrets-command');
export const checkSecretsQuery = checkOf('secrets-query');
