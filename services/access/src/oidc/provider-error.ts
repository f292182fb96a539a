import { AppError, isAppError } from '#libs/kernel';

/** What is wrong with the proof, as the library calls it; everything else is wrong with the provider or with our settings. */
const WRONG_PROOF = new Set([
  'OAUTH_AUTHORIZATION_RESPONSE_ERROR',
  'OAUTH_INVALID_RESPONSE',
  'OAUTH_JWT_CLAIM_COMPARISON_FAILED',
  'OAUTH_JWT_TIMESTAMP_CHECK_FAILED',
  'OAUTH_KEY_SELECTION_FAILED',
  'OAUTH_UNSUPPORTED_OPERATION',
]);

/** AUTHENTICATION_REQUIRED for a proof that proves nothing, PROVIDER_UNAVAILABLE for the rest; the cause stays on this side. */
export function providerError(error: unknown): AppError {
  if (isAppError(error)) return error;
  const { code, cause, error: answered } = fieldsOf(error);
  // The library wraps some of what it finds.
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
