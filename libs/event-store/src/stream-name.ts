import { AppError } from '#libs/kernel';

/**
 * Throws VALIDATION_FAILED unless the stream is `category-{orgId}` or `category-{orgId}.{rest}`. The
 * organization comes from the credential, so no mistake further up reaches another's streams.
 */
export function assertOwned({ orgId, stream }: { orgId: string; stream: string }): void {
  const dash = stream.indexOf('-');
  const owner = stream.slice(dash + 1);
  // An organization `a.b` would otherwise own the streams of `a`.
  const clear = dash > 0 && orgId !== '' && !orgId.includes('.');
  if (clear && (owner === orgId || owner.startsWith(`${orgId}.`))) return;
  throw new AppError('VALIDATION_FAILED', { safeMessage: 'The stream does not belong to this organization' });
}
