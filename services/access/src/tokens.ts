/** Injection tokens for what the composition root opens and this service only uses. */
export const CLOCK = Symbol('Clock');
export const CONFIG = Symbol('AccessConfig');
export const EVENT_STORE = Symbol('EventStore');
export const READ_STORE = Symbol('ReadStore');
/** The running projection that finds the organization of a key. */
export const API_KEY_INDEX = Symbol('ApiKeyIndex');

/** Name of this service in event metadata. */
export const PRODUCER = 'access';
