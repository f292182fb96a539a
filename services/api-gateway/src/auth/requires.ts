import { SetMetadata } from '@nestjs/common';
import type { Action } from '#libs/contracts';

/**
 * What a route demands of its caller. A request to a route that declares nothing is refused, and such a route fails a
 * house test.
 */
export type Requirement = 'public' | Action;

const REQUIREMENT = 'hklst:requirement';

/** The caller must be allowed this action (libs/contracts, permissions). */
export const Requires = (action: Action) => SetMetadata(REQUIREMENT, action);

/** Anybody may call. A route must say so, because the default is to refuse. */
export const Public = () => SetMetadata(REQUIREMENT, 'public');

export function requirementOf(handler: object): Requirement | undefined {
  return Reflect.getMetadata(REQUIREMENT, handler) as Requirement | undefined;
}
