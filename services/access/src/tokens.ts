/** Injection tokens for the parts that the composition root opens and this service only uses. */
export const CLOCK = Symbol('Clock');
export const CONFIG = Symbol('AccessConfig');
export const EVENT_STORE = Symbol('EventStore');
export const LOGGER = Symbol('Logger');
/** Removes the file of the first API key, if it is there. Never rejects; a failure is logged. */
export const FORGET_FIRST_KEY = Symbol('ForgetFirstKey');
/** Sends invitations by mail. */
export const MAILER = Symbol('Mailer');
/** The company's OpenID Connect provider; null when there is none. */
export const OIDC_PROVIDER = Symbol('OidcProvider');
/** Gives the URL at which people reach the installation. */
export const PUBLIC_URL = Symbol('PublicUrl');
export const READ_STORE = Symbol('ReadStore');
/** The running projection that finds the organization of a key. */
export const API_KEY_INDEX = Symbol('ApiKeyIndex');
/** The running projection that finds the organizations of a person. */
export const MEMBER_INDEX = Symbol('MemberIndex');

/** Name of this service in event metadata. */
export const PRODUCER = 'access';
