/** Injection tokens for what the composition root opens and this service only uses. */
export const CLOCK = Symbol('Clock');
export const CONFIG = Symbol('SecretsQueryConfig');
export const EVENT_STORE = Symbol('EventStore');
/** The log that is followed; undefined for an embedded log. */
export const FOLLOWED_LOG = Symbol('FollowedLog');
export const READ_STORE = Symbol('ReadStore');
/** The running projection behind the lists. */
export const SECRET_LIST = Symbol('SecretList');

/** Name of this service in event metadata. */
export const PRODUCER = 'secrets-query';
