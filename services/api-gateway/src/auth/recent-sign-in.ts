import { SetMetadata } from '@nestjs/common';
import { AppError } from '#libs/kernel';
import type { GatewayRequest } from '../http/gateway-request';

/** How long proving who one is counts as having just done it. */
const RECENT_MS = 5 * 60_000;

const RECENT = 'hklst:recent-sign-in';

/** A person who calls must have proved who they are within the last five minutes; a key proves it with every request. */
export const RequiresRecentSignIn = () => SetMetadata(RECENT, true);

export function needsRecentSignIn(handler: object): boolean {
  return Reflect.getMetadata(RECENT, handler) === true;
}

/** The same for a route that asks for it only at times. Fails with REAUTHENTICATION_REQUIRED. */
export function demandRecentSignIn({ identity }: Pick<GatewayRequest, 'identity'>): void {
  const at = identity?.authenticatedAt;
  if (at === null || at === undefined) return;
  if (Date.now() - Date.parse(at) > RECENT_MS) throw new AppError('REAUTHENTICATION_REQUIRED');
}
