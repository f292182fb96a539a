import { SetMetadata } from '@nestjs/common';
import { AppError } from '#libs/kernel';
import type { GatewayRequest } from '../http/gateway-request';

/** How long a person who has proved who they are counts as recently signed in. */
const RECENT_MS = 5 * 60_000;

const RECENT = 'hklst:recent-sign-in';

/**
 * Demands that a person who calls has proved who they are within the last five minutes. A key proves it with every
 * request.
 */
export const RequiresRecentSignIn = () => SetMetadata(RECENT, true);

export function needsRecentSignIn(handler: object): boolean {
  return Reflect.getMetadata(RECENT, handler) === true;
}

/** Demands the same, for a route that needs it only in some cases. Fails with REAUTHENTICATION_REQUIRED. */
export function demandRecentSignIn({ identity }: Pick<GatewayRequest, 'identity'>): void {
  const at = identity?.authenticatedAt;
  if (at === null || at === undefined) return;
  if (Date.now() - Date.parse(at) > RECENT_MS) throw new AppError('REAUTHENTICATION_REQUIRED');
}
