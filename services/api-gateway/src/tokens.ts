/** Injection tokens. The first three are the services behind the gateway, which it reaches by messages only. */
export const ACCESS = Symbol('access');
export const SECRETS_COMMAND = Symbol('secrets-command');
export const SECRETS_QUERY = Symbol('secrets-query');

export const CONFIG = Symbol('GatewayConfig');
export const METRICS = Symbol('Metrics');
export const LOGGER = Symbol('Logger');
