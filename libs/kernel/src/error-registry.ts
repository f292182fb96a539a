/**
 * What an error means to the caller. One filter in the gateway turns a kind into an HTTP status. A `startup` error is
 * never sent: it ends the process with one sentence.
 */
export type ErrorKind =
  | 'malformed'
  | 'unauthenticated'
  | 'forbidden'
  | 'not-found'
  | 'method-not-allowed'
  | 'timeout'
  | 'conflict'
  | 'precondition-failed'
  | 'too-large'
  | 'unsupported-media'
  | 'invalid'
  | 'rate-limited'
  | 'unavailable'
  | 'internal'
  | 'startup';

interface ErrorEntry {
  kind: ErrorKind;
  message: string;
}

/** Every error code of the product, with the sentence that people read. docs/errors.md is generated from it. */
export const errorRegistry = {
  MALFORMED_REQUEST: { kind: 'malformed', message: 'The request is malformed' },
  MALFORMED_JSON: { kind: 'malformed', message: 'The request body is not valid JSON' },
  MISPLACED_CREDENTIAL: {
    kind: 'malformed',
    message: 'An API key belongs in the Authorization header, nowhere else. Treat this key as leaked',
  },
  AUTHENTICATION_REQUIRED: { kind: 'unauthenticated', message: 'Authentication required' },
  FORBIDDEN: { kind: 'forbidden', message: 'This credential does not allow that' },
  REAUTHENTICATION_REQUIRED: {
    kind: 'forbidden',
    message: 'Prove again who you are, and try once more: POST /api/v1/auth/reauthenticate',
  },
  SECOND_FACTOR_REQUIRED: {
    kind: 'forbidden',
    message:
      'Send a code of your authenticator app as `totp`, or one of your recovery codes as `recovery_code`',
  },
  CROSS_SITE_REQUEST: { kind: 'forbidden', message: 'This request came from another site' },
  SIGN_UP_CLOSED: {
    kind: 'forbidden',
    message: 'Signing up takes an invitation; ask an administrator of your organization for one',
  },
  EMAIL_NOT_VERIFIED: {
    kind: 'forbidden',
    message: 'The provider does not vouch for your e-mail address; have it confirmed there first',
  },
  NOT_FOUND: { kind: 'not-found', message: 'Not found' },
  METHOD_NOT_ALLOWED: { kind: 'method-not-allowed', message: 'Method not allowed' },
  REQUEST_TIMEOUT: { kind: 'timeout', message: 'The request took too long to arrive' },
  SECRET_NAME_TAKEN: { kind: 'conflict', message: 'Secret name is already taken' },
  EMAIL_TAKEN: { kind: 'conflict', message: 'There is an account with this e-mail address; sign in' },
  ALREADY_MEMBER: { kind: 'conflict', message: 'This person is a member of the organization already' },
  LAST_OWNER: {
    kind: 'conflict',
    message: 'The last owner of an organization stays; make somebody else an owner first',
  },
  CONCURRENT_CHANGE: { kind: 'conflict', message: 'Somebody else changed this at the same time; try again' },
  WRONG_REVISION: { kind: 'conflict', message: 'The stream is not at the expected revision' },
  PRECONDITION_FAILED: { kind: 'precondition-failed', message: 'If-Match failed: it has changed since' },
  BODY_TOO_LARGE: { kind: 'too-large', message: 'The request body is too large' },
  UNSUPPORTED_MEDIA_TYPE: {
    kind: 'unsupported-media',
    message: 'Send JSON: Content-Type: application/json, uncompressed',
  },
  VALIDATION_FAILED: { kind: 'invalid', message: 'Validation failed' },
  QUOTA_EXCEEDED: { kind: 'invalid', message: 'The quota of this organization is used up' },
  IDEMPOTENCY_KEY_REUSED: {
    kind: 'invalid',
    message: 'This Idempotency-Key was used with another request; choose a new one',
  },
  RATE_LIMITED: { kind: 'rate-limited', message: 'Too many requests' },
  STORE_UNAVAILABLE: { kind: 'unavailable', message: 'A store needed for the answer is away; try again' },
  SERVICE_UNAVAILABLE: { kind: 'unavailable', message: 'A service needed for the answer is away; try again' },
  PROVIDER_UNAVAILABLE: {
    kind: 'unavailable',
    message:
      'The single sign-on of your company does not answer as it should; try again, or sign in with a password',
  },
  CONSISTENCY_TIMEOUT: { kind: 'unavailable', message: 'The list has not caught up yet; try again' },
  INTEGRITY_ERROR: { kind: 'internal', message: 'The stored data failed its integrity check' },
  INTERNAL_ERROR: { kind: 'internal', message: 'Internal error' },
  CONFIG_INVALID: { kind: 'startup', message: 'The configuration is invalid' },
  DATA_DIR_UNUSABLE: { kind: 'startup', message: 'The data directory cannot be used' },
  STORE_LOCKED: { kind: 'startup', message: 'The data is in use by another process' },
  STORE_CORRUPT: { kind: 'startup', message: 'A store is damaged' },
  ROOT_KEY_INVALID: { kind: 'startup', message: 'The root key cannot be used' },
  MOVE_REFUSED: { kind: 'startup', message: 'The installation cannot be moved there' },
  PORT_UNAVAILABLE: { kind: 'startup', message: 'The port cannot be used' },
} as const satisfies Record<string, ErrorEntry>;

export type ErrorCode = keyof typeof errorRegistry;
