/** Injection tokens for what the composition root opens and this service only uses. */
export const CLOCK = Symbol('Clock');
export const CONFIG = Symbol('SecretsCommandConfig');
export const EVENT_STORE = Symbol('EventStore');
export const LOGGER = Symbol('Logger');
export const READ_STORE = Symbol('ReadStore');
/** The running projection behind quotas and the destruction of keys. */
export const SECRET_INVENTORY = Symbol('SecretInventory');

/** Name of this service in event metadata. */
export const PRODUCER = 'secrets-command';
