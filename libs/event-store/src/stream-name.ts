import { AppError } from '#libs/kernel';

/**
 * Throws VALIDATION_FAILED unless the stream is named `category-{orgId}` or `category-{orgId}.{rest}`. `orgId` comes
 * from the credential, so a mistake in a caller cannot reach the streams of another organization.
 */
export function assertOwned({ orgId, stream }: { orgId: string; stream: string }): void {
  const dash = stream.indexOf('-');
  const owner = stream.slice(dash + 1);
  // Otherwise an organization `a.b` would own the stream `secret-a.b`, which belongs to `a`.
  const clear = dash > 0 && orgId !== '' && !orgId.includes('.');
  if (clear && (owner === orgId || owner.startsWith(`${orgId}.`))) return;
  throw new AppError('VALIDATION_FAILED', { safeMessage: 'The stream does not belong to this organization' });
}
