import * as v from 'valibot';
import { defineMessage } from './message';

const checkOf = (service: string) =>
  defineMessage({
    name: `check-${service}`,
    kind: 'query',
    request: v.strictObject({}),
    /** The service's own dependencies by name, and whether each answers. */
    reply: v.strictObject({ parts: v.record(v.string(), v.picklist(['ok', 'away'])) }),
  });

/** Asks a service whether what it needs to answer is there. */
export const checkAccess = checkOf('access');
export const checkSecretsCommand = checkOf('secrets-command');
export const checkSecretsQuery = checkOf('secrets-query');

/** The states of parts, each asked by its own `ping`. */
export async function statesOf(pings: Readonly<Record<string, () => Promise<void>>>) {
  const states = Object.entries(pings).map(async ([name, ping]) => {
    const state = await ping().then(
      () => 'ok' as const,
      () => 'away' as const,
    );
    return [name, state] as const;
  });
  return { parts: Object.fromEntries(await Promise.all(states)) };
}
