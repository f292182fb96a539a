import { AppError, isAppError } from '#libs/kernel';

/** The library's codes for a wrong proof. Every other error is a fault of the provider or of our settings. */
const WRONG_PROOF = new Set([
  'OAUTH_AUTHORIZATION_RESPONSE_ERROR',
  'OAUTH_INVALID_RESPONSE',
  'OAUTH_JWT_CLAIM_COMPARISON_FAILED',
  'OAUTH_JWT_TIMESTAMP_CHECK_FAILED',
  'OAUTH_KEY_SELECTION_FAILED',
  'OAUTH_UNSUPPORTED_OPERATION',
]);

/**
 * Gives AUTHENTICATION_REQUIRED for a wrong proof and PROVIDER_UNAVAILABLE for the rest. The client does not see the
 * cause.
 */
export function providerError(error: unknown): AppError {
  if (isAppError(error)) return error;
  const { code, cause, error: answered } = fieldsOf(error);
  // The library wraps some errors in another one.
  const inner = fieldsOf(cause).code;
  const isWrongProof = WRONG_PROOF.has(code) || WRONG_PROOF.has(inner) || answered === 'invalid_grant';
  return new AppError(isWrongProof ? 'AUTHENTICATION_REQUIRED' : 'PROVIDER_UNAVAILABLE', { cause: error });
}

function fieldsOf(error: unknown): { code: string; cause: unknown; error: string } {
  if (!(error instanceof Error)) return { code: '', cause: undefined, error: '' };
  const { code, error: answered } = error as Error & { code?: unknown; error?: unknown };
  return {
    code: typeof code === 'string' ? code : '',
    cause: error.cause,
    error: typeof answered === 'string' ? answered : '',
  };
}
